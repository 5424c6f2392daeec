import { describeError } from '../../../../core/describe-error.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { RolesAnywhereError } from '../../../../core/errors.ts';
import type { TpmTransport } from '../transport/tpm-transport.ts';
import { algorithms } from './algorithms.ts';
import {
  type Authorization,
  type CommandChannel,
  type Duration,
  execute,
  responseCodeOf,
  type TpmCommand,
  TpmRefusal,
} from './command.ts';
import { firstHandles, flushContext, getAlgorithms, getHandles } from './commands.ts';
import type { ParameterCipher } from './parameter-encryption.ts';
import { decodeResponseCode, responseCodes } from './response-code.ts';

/** What a connection is made of. */
export interface ConnectionSettings {
  /** Opens the way to the TPM; called again to clean up after an answer that did not come. */
  readonly open: () => Promise<TpmTransport>;
  /** Stops the work between two commands; what is loaded is flushed all the same. */
  readonly signal: AbortSignal;
  readonly debug: (message: string) => void;
}

/** Key generation in a discrete TPM takes up to minutes, a signature up to seconds; the rest is quick. */
const timeoutsMs: Readonly<Record<Duration, number>> = { short: 5000, medium: 30_000, long: 180_000 };
/** A resource manager lets commands of others go first, which may be long ones. */
const sharedTimeoutMs = 20_000;

/** TPM_RC_RETRY, YIELDED and TESTING: from 10 ms on, some 5 s in all. */
const retryPausesMs = [10, 20, 40, 80, 160, 320, 640, 1280, 2560] as const;
const retryCodes: ReadonlySet<string> = new Set([responseCodes.retry, responseCodes.yielded, responseCodes.testing]);

/** Kinds of handles that we make and flush: HMAC session, policy session, transient object (part 2, section 7.2). */
const flushable: ReadonlySet<number> = new Set([0x02, 0x03, 0x80]);

/** A TPM in use: knows what we have put into it, and takes it out again. */
export class TpmConnection implements CommandChannel {
  readonly #settings: ConnectionSettings;
  readonly #transport: TpmTransport;
  readonly #loaded = new Set<number>();
  /** What was in the TPM before us, where no resource manager tells the two apart. */
  #before: ReadonlySet<number> | undefined;
  #cipher: ParameterCipher = 'none';
  /** The command whose answer did not come, or could not be understood: nobody knows what the TPM did. */
  #lost: Pick<TpmCommand<unknown>, 'loads'> | undefined;

  private constructor(settings: ConnectionSettings, transport: TpmTransport) {
    this.#settings = settings;
    this.#transport = transport;
  }

  /** @throws RolesAnywhereError TPM_UNREACHABLE, TPM_BUSY, TPM_FAILED */
  static async open(settings: ConnectionSettings): Promise<TpmConnection> {
    settings.signal.throwIfAborted();
    const connection = new TpmConnection(settings, await settings.open());
    try {
      connection.#cipher = chooseCipher(await connection.run(getAlgorithms()));
      if (!connection.#transport.managed) connection.#before = new Set(await connection.#handlesInUse());
      return connection;
    } catch (error) {
      await connection.#transport.close();
      if (!(error instanceof TpmRefusal)) throw error;
      throw new RolesAnywhereError('TPM_FAILED', `${connection.name}: ${error.message}`, { cause: error });
    }
  }

  get name(): string {
    return this.#transport.name;
  }

  /** True where keeping something loaded is in nobody's way. */
  get managed(): boolean {
    return this.#transport.managed;
  }

  /** How sessions can encrypt parameters. */
  get cipher(): ParameterCipher {
    return this.#cipher;
  }

  debug(message: string): void {
    this.#settings.debug(`${this.name}: ${message}`);
  }

  /** Runs a command. @throws TpmRefusal, RolesAnywhereError, the reason of the signal */
  run<Answer>(command: TpmCommand<Answer>, authorization?: Authorization): Promise<Answer> {
    this.#settings.signal.throwIfAborted();
    return this.#execute(command, authorization);
  }

  async #execute<Answer>(command: TpmCommand<Answer>, authorization?: Authorization): Promise<Answer> {
    try {
      return await execute(this, command, authorization);
    } catch (error) {
      if (!(error instanceof TpmRefusal)) this.#lost = command;
      throw error;
    }
  }

  async transmit(bytes: Uint8Array, command: Pick<TpmCommand<unknown>, 'name' | 'duration'>): Promise<Uint8Array> {
    const timeoutMs = Math.max(timeoutsMs[command.duration], this.managed ? sharedTimeoutMs : 0);
    for (const pause of [...retryPausesMs, undefined]) {
      const answer = await this.#transport.send(bytes, timeoutMs);
      // A refused command has not changed the nonces of its session: the same bytes are good again.
      if (!retryCodes.has(decodeResponseCode(responseCodeOf(answer) ?? 0).name)) return answer;
      if (pause !== undefined) await sleep(pause);
    }
    throw new RolesAnywhereError(
      'TPM_BUSY',
      `${this.name}: the TPM is busy, and put off ${command.name} again and again`,
    );
  }

  loaded(handle: number): void {
    if (flushable.has(handle >>> 24)) this.#loaded.add(handle);
  }

  /** The TPM flushed it by itself. */
  gone(handle: number): void {
    this.#loaded.delete(handle);
  }

  /** Flushes what is not needed any more. Where the TPM refuses that, `close` tries again. */
  async flush(handle: number): Promise<void> {
    try {
      await this.#execute(flushContext(handle));
      this.#loaded.delete(handle);
    } catch (error) {
      if (!(error instanceof TpmRefusal)) throw error;
      this.debug(`could not flush 0x${handle.toString(16)} (${error.code.name})`);
    }
  }

  /** Flushes all that we loaded and closes. Does not fail: what could not be flushed is told at debug level. */
  async close(): Promise<void> {
    try {
      await this.#flushAll();
      if (this.#lost !== undefined) await this.#cleanUpAfter(this.#lost);
    } finally {
      await this.#transport.close();
    }
  }

  /** A flush that fails is tried once more. */
  async #flushAll(): Promise<void> {
    for (const handle of [...this.#loaded, ...this.#loaded]) {
      if (!this.#loaded.has(handle) || this.#lost !== undefined) continue;
      try {
        await this.flush(handle);
      } catch (error) {
        this.debug(`could not flush 0x${handle.toString(16)} (${describeError(error).message})`);
      }
    }
  }

  /**
   * Commands and answers may be out of step now, and the TPM may have loaded what we asked for. With a resource manager
   * closing is enough; else a new connection flushes what we know of, and the one new thing that we do not know of.
   */
  async #cleanUpAfter({ loads }: Pick<TpmCommand<unknown>, 'loads'>): Promise<void> {
    await this.#transport.close();
    const before = this.#before;
    if (before === undefined || (this.#loaded.size === 0 && !loads)) return;
    try {
      const again = new TpmConnection(this.#settings, await this.#settings.open());
      try {
        await again.#adopt(this.#loaded, loads ? before : undefined);
        await again.#flushAll();
      } finally {
        await again.#transport.close();
      }
    } catch (error) {
      this.debug(`could not clean up (${describeError(error).message})`);
    }
  }

  /** Takes over what another connection loaded, and what appeared since `before` if it is one thing only. */
  async #adopt(loaded: ReadonlySet<number>, before: ReadonlySet<number> | undefined): Promise<void> {
    const inUse = await this.#handlesInUse();
    const appeared = inUse.filter((handle) => before?.has(handle) === false && !loaded.has(handle));
    for (const handle of loaded) if (inUse.includes(handle)) this.#loaded.add(handle);
    // Two things or more: somebody else has been here.
    if (appeared.length === 1) for (const handle of appeared) this.#loaded.add(handle);
  }

  async #handlesInUse(): Promise<number[]> {
    const objects = await this.#execute(getHandles(firstHandles.transient));
    const sessions = await this.#execute(getHandles(firstHandles.loadedSession));
    return [...objects, ...sessions];
  }
}

function chooseCipher(available: readonly number[]): ParameterCipher {
  const has = (algorithm: number): boolean => available.includes(algorithm);
  if (has(algorithms.AES) && has(algorithms.CFB)) return 'AES-128-CFB';
  return has(algorithms.XOR) ? 'XOR' : 'none';
}
