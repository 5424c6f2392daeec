import { type ChildProcessByStdio, spawn, type SpawnOptionsWithoutStdio } from 'node:child_process';
import { platform } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { systemCodeOf } from '../../../core/errno.ts';
import { type ErrorCode, RolesAnywhereError } from '../../../core/errors.ts';
import { oneLine } from '../../../core/one-line.ts';
import { codeInWords } from '../../../core/system-errors.ts';
import { type WindowsProgram, windowsProgram } from '../../../core/windows-program.ts';
import type { IdentityContext } from '../../identity.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Milliseconds: somebody may have to confirm it, or a service far away is asked. */
const answerLimit = 120_000;

/** Milliseconds that a program has to end after its stdin did. */
const endLimit = 2000;

/** Bytes. The longest signature that there is has 4627. */
const [longestAnswer, longestWords] = [64 * 1024, 1000] as const;

interface ProgramSettings {
  readonly command: readonly string[];
  readonly context: Pick<IdentityContext, 'environment' | 'signal' | 'debug'>;
  /** Milliseconds until an answer. */
  readonly limit?: number | undefined;
}

/**
 * A program that answers a line with a line. It is started by the first request, lives until `close`, and is started
 * anew by a request after it has ended. No shell is involved.
 */
export class SignerProgram {
  readonly name: string;
  readonly #settings: ProgramSettings;
  #child: Child | undefined;
  #isClosed = false;

  constructor(settings: ProgramSettings) {
    this.name = `the signer ${settings.command[0]}`;
    this.#settings = settings;
  }

  /**
   * One request at a time.
   *
   * @returns the answer, without its line break
   * @throws RolesAnywhereError SIGNER_FAILED, SIGNER_TIMEOUT; the signal's reason
   */
  ask(request: string): Promise<string> {
    const { signal } = this.#settings.context;
    const milliseconds = this.#settings.limit ?? answerLimit;
    return new Promise((settle, fail) => {
      if (signal?.aborted === true || this.#isClosed) return fail(signal?.reason ?? this.#failure('was closed'));
      const hasAnswered = this.#child !== undefined;
      const child = this.#running();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        child.stdout.off('data', onData);
        child.off('error', onError).off('close', onClose);
      };
      // What has failed once is not asked again: nobody knows what its next line would answer.
      const giveUp = (error: unknown): void => {
        done();
        this.#kill(child);
        fail(error);
      };
      const late = `${this.name} gave no answer within ${milliseconds / 1000} s`;
      const timer = setTimeout(() => giveUp(new RolesAnywhereError('SIGNER_TIMEOUT', late)), milliseconds);
      const onAbort = (): void => giveUp(signal?.reason);
      const onError = (error: unknown): void => giveUp(this.#startFailure(error));
      let line = Buffer.alloc(0);
      const onClose = (status: number | null, ended: string | null): void => {
        if (!hasAnswered || line.length > 0)
          return giveUp(this.#failure(`ended without an answer, with ${ended ?? `status ${status}`}`));
        // After its last answer: it was at its end already, or about to be, as the request was written to it.
        done();
        settle(this.ask(request));
      };
      const onData = (piece: Buffer): void => {
        line = Buffer.concat([line, piece]);
        const end = line.indexOf('\n');
        if (end === -1 && line.length <= longestAnswer) return;
        if (end === -1 || end < line.length - 1) return giveUp(this.#failure('wrote more than one line as its answer'));
        done();
        settle(line.toString('utf8', 0, end));
      };
      signal?.addEventListener('abort', onAbort);
      child.stdout.on('data', onData);
      child.once('error', onError).once('close', onClose);
      child.stdin.write(`${request}\n`);
    });
  }

  /** Ends its stdin, which tells it to end, and ends it a while later where it does not. */
  close(): void {
    this.#isClosed = true;
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.stdin.end();
    const timer = setTimeout(() => void child.kill('SIGKILL'), endLimit).unref();
    child.once('close', () => clearTimeout(timer));
  }

  #running(): Child {
    this.#child ??= this.#start();
    return this.#child;
  }

  #start(): Child {
    const env = environmentOf(this.#settings.context.environment);
    const { file, args, isVerbatim } = this.#program(env);
    const child = this.#spawn(file, args, { env, windowsHide: true, windowsVerbatimArguments: isVerbatim });
    const forget = (): void => {
      if (this.#child === child) this.#child = undefined;
    };
    child.on('error', forget).on('close', forget);
    // A program that ends while it is written to is told by its end.
    child.stdin.on('error', () => undefined);
    child.stdout.on('error', () => undefined);
    this.#tellWords(child.stderr);
    // It does not keep this process alive: while somebody waits for an answer, the clock does.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) unref(stream);
    return child;
  }

  /** Some reasons why it cannot be run Node tells by an event, and others at once: a path below a file. */
  #spawn(file: string, args: readonly string[], options: SpawnOptionsWithoutStdio): Child {
    try {
      return spawn(file, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    } catch (error) {
      throw this.#startFailure(error);
    }
  }

  /** Elsewhere execvp(3) finds it, which looks in no folder but those of the PATH. */
  #program(env: Readonly<Record<string, string | undefined>>): WindowsProgram {
    const [program = '', ...args] = this.#settings.command;
    if (platform() !== 'win32') return { file: program, args, isVerbatim: false };
    try {
      return windowsProgram(program, args, env);
    } catch (error) {
      throw error instanceof RolesAnywhereError ? error : this.#startFailure(error);
    }
  }

  /** What it writes to stderr is read in any case, as it would stand still otherwise. */
  #tellWords(stderr: Readable): void {
    const { debug } = this.#settings.context;
    stderr
      .on('error', () => undefined)
      .on('data', (piece: Buffer) => {
        const words = oneLine(piece.toString('utf8', 0, longestWords), longestWords);
        if (words !== '') debug?.(`${this.name} says: ${words}`);
      });
  }

  #kill(child: Child): void {
    if (this.#child === child) this.#child = undefined;
    child.kill('SIGKILL');
  }

  #startFailure(cause: unknown): RolesAnywhereError {
    const code = systemCodeOf(cause) ?? 'unknown reason';
    const reason = { ENOENT: 'is not there', EACCES: 'may not be run' }[code] ?? `cannot be run (${codeInWords(code)})`;
    return this.#failure(reason, 'SIGNER_FAILED', cause);
  }

  #failure(what: string, code: ErrorCode = 'SIGNER_FAILED', cause?: unknown): RolesAnywhereError {
    return new RolesAnywhereError(code, `${this.name} ${what}`, {
      cause,
      hints: ['--debug shows what it writes to stderr; docs/backends/custom.md has what it must answer'],
    });
  }
}

/** Pipes of a child are sockets. */
function unref(stream: Readable | Writable): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}

/** Passwords and PINs of ours are nothing to it, and what systemd gave is for this process. */
function environmentOf(given: IdentityContext['environment'] = {}): Record<string, string | undefined> {
  const isOurs = (name: string): boolean => /^(?:ROLES_ANYWHERE_|LISTEN_|WATCHDOG_|NOTIFY_SOCKET$)/i.test(name);
  return Object.fromEntries(Object.entries(given).filter(([name]) => !isOurs(name)));
}
