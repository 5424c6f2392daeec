import { RolesAnywhereError } from '../../../core/errors.ts';
import type { IdentityContext } from '../../identity.ts';
import { explainRefusal } from './explain-refusal.ts';
import type { LoadedKey } from './load-key.ts';
import { type ConnectionSettings, TpmConnection } from './tpm2/connection.ts';
import { TpmRefusal } from './tpm2/command.ts';
import { responseCodes } from './tpm2/response-code.ts';

/** Loads the key into a TPM that was just connected to. */
export type LoadKey = (tpm: TpmConnection) => Promise<LoadedKey>;

/** What is done with the key once it is loaded. */
export type Work<T> = (tpm: TpmConnection, key: LoadedKey) => Promise<T>;

/**
 * Loads a key for each use. Where the kernel's resource manager shares the TPM, the key stays loaded between uses; elsewhere
 * an open connection shuts everybody else out, so that each use connects, loads, flushes and closes.
 */
export class KeyLoader {
  readonly #origin: string;
  readonly #settings: ConnectionSettings;
  readonly #stoppable: NonNullable<IdentityContext['stoppable']>;
  #loaded: { readonly tpm: TpmConnection; readonly key: LoadedKey } | undefined;

  /** @param origin how messages name the key */
  constructor(origin: string, settings: ConnectionSettings, stoppable: IdentityContext['stoppable']) {
    this.#origin = origin;
    this.#settings = settings;
    this.#stoppable = stoppable ?? ((work) => work(new AbortController().signal));
  }

  /**
   * Runs `work` with the loaded key. A key that stayed loaded and has gone since, after a reset of the TPM
   * or its resume, is loaded again, once.
   *
   * @throws RolesAnywhereError, PasswordRefused, the reason of the connection's signal
   */
  async use<T>(load: LoadKey, work: Work<T>): Promise<T> {
    if (this.#loaded !== undefined) {
      const { tpm, key } = this.#loaded;
      try {
        return await work(tpm, key);
      } catch (error) {
        if (!isGone(error)) throw await this.#giveUp(tpm, error);
        await this.close();
      }
    }
    return this.#useNew(load, work);
  }

  async #useNew<T>(load: LoadKey, work: Work<T>): Promise<T> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#settings.signal, stop.signal]);
    const tpm = await TpmConnection.open({ ...this.#settings, signal });
    // Nothing is loaded before. What stays loaded afterwards the resource manager flushes when the process ends.
    return this.#stoppable((stopped) => {
      stopped.addEventListener('abort', () => stop.abort(stopped.reason));
      return this.#useOpen(tpm, load, work);
    });
  }

  async #useOpen<T>(tpm: TpmConnection, load: LoadKey, work: Work<T>): Promise<T> {
    let result: T;
    try {
      const key = await load(tpm);
      result = await work(tpm, key);
      if (tpm.managed) this.#loaded = { tpm, key };
    } catch (error) {
      throw await this.#giveUp(tpm, error);
    }
    if (!tpm.managed) await tpm.close();
    return result;
  }

  /** A failure ends the connection: nobody knows in what state it left the TPM. Returns what to throw. */
  async #giveUp(tpm: TpmConnection, error: unknown): Promise<unknown> {
    const explained = await explainRefusal(error, tpm, this.#origin);
    this.#loaded = undefined;
    await tpm.close();
    return explained;
  }

  /** Flushes the key if it is loaded, and closes. */
  async close(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.tpm.close();
  }
}

/** A handle that was good before, or a TPM that was there. */
function isGone(error: unknown): boolean {
  if (error instanceof RolesAnywhereError) return error.code === 'TPM_UNREACHABLE';
  if (!(error instanceof TpmRefusal)) return false;
  const { name } = error.code;
  return name.startsWith('TPM_RC_REFERENCE_') || name === responseCodes.handle || name === responseCodes.initialize;
}
