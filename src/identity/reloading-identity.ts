import { describeError } from '../core/describe-error.ts';
import { factsOf, failureKind } from '../core/error-facts.ts';
import type { IdentityContext, IdentitySource, ReloadingIdentity, SigningIdentity } from './identity.ts';
import { fingerprintOf, type IdentityParts, partsOf, pathsOf } from './identity-files.ts';
import { Lease } from './lease.ts';
import { openIdentity } from './open-identity.ts';
import { BufferedSources } from './buffered-sources.ts';
import { AnswerCache } from './answer-cache.ts';
import { watchFiles } from './watch-files.ts';

export interface ReloadSettings {
  /** Milliseconds between two looks at the files, while somebody wants to know of changes; 2 s when not given. */
  readonly lookEveryMs?: number;
}

/**
 * Keeps an identity for a process that lives on. Its files are read at each use; what they hold is opened when it is
 * another than before, all of it as one checked pair. Where that cannot be used, the pair before stays, with a warning,
 * until its certificate expires. A token or TPM is held open all the while.
 *
 * stdin, descriptors and pipes are read once; a password that was typed is remembered; a PIN or password that was
 * refused is not sent again before the key's file or its own has changed, or `reload` was called.
 */
export function reloadingIdentity(
  source: IdentitySource,
  context: IdentityContext,
  settings: ReloadSettings = {},
): ReloadingIdentity {
  return new IdentityKeeper(source, context, settings);
}

/** The sources as they were when something was opened, or could not be. */
interface Prints {
  readonly all: string;
  /** Of the private key and what unlocks it. */
  readonly unlocking: string;
}

interface Kept {
  readonly lease: Lease;
  readonly prints: Prints;
}

class IdentityKeeper implements ReloadingIdentity {
  readonly #source: IdentitySource;
  readonly #parts: IdentityParts;
  readonly #context: IdentityContext;
  readonly #lookEveryMs: number;
  readonly #pinned: BufferedSources;
  readonly #typed: AnswerCache;
  readonly #listeners = new Set<() => void>();
  readonly #told = new Set<string>();
  #current: Kept | undefined;
  #refused: { readonly error: unknown; readonly unlocking: string } | undefined;
  /** Of what was last opened, tried to, or told to the listeners. */
  #seen: string | undefined;
  #isOutdated = false;
  #endWatch: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(source: IdentitySource, context: IdentityContext, { lookEveryMs = 2000 }: ReloadSettings) {
    this.#source = source;
    this.#parts = partsOf(source);
    this.#context = { ...context, signal: anyOf(this.#closing.signal, context.signal) };
    this.#lookEveryMs = lookEveryMs;
    this.#pinned = new BufferedSources(this.#context);
    this.#typed = new AnswerCache(context.askSecret);
  }

  async use<T>(action: (identity: SigningIdentity) => Promise<T>): Promise<T> {
    // Begun in the turn, so that nobody closes the identity before.
    const begun = await this.#inTurn(async () => {
      const kept = await this.#newest();
      const result = kept.lease.use(action);
      result.catch((error: unknown) => this.#judge(error, kept));
      return { result };
    });
    return begun.result;
  }

  reload(): void {
    this.#isOutdated = true;
    this.#refused = undefined;
  }

  onChange(callback: () => void): () => void {
    // Of its own, as one callback may be given twice.
    const listener = (): void => callback();
    this.#listeners.add(listener);
    this.#endWatch ??= watchFiles(pathsOf(this.#parts), this.#lookEveryMs, () => this.#filesMoved());
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#unwatch();
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(new DOMException('the identity was closed', 'AbortError'));
    this.#listeners.clear();
    this.#unwatch();
    await this.#inTurn(async () => {
      await this.#retire();
      this.#pinned.wipe();
      this.#typed.forget();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #newest(): Promise<Kept> {
    this.#closing.signal.throwIfAborted();
    const prints = this.#lookAtSources();
    const current = this.#usable();
    if (current !== undefined && !this.#isOutdated && current.prints.all === prints.all) {
      this.#told.clear();
      return current;
    }
    if (this.#refused?.unlocking === prints.unlocking) return this.#keepOr(this.#refused.error);
    try {
      return await this.#reopen(prints);
    } catch (error) {
      if (failureKind(error) === 'secret') this.#refuse(error, prints);
      return this.#keepOr(error);
    }
  }

  #lookAtSources(): Prints {
    const { pair, unlocking } = this.#parts;
    const { environment } = this.#context;
    const all = fingerprintOf([...pair, ...unlocking], environment);
    this.#seen = all;
    return { all, unlocking: fingerprintOf(unlocking, environment) };
  }

  /** What is open, unless its certificate has expired: on a token there may be a newer one then. */
  #usable(): Kept | undefined {
    const isExpired = (this.#current?.lease.identity.certificate.notAfter ?? 0) < this.#context.now();
    return isExpired ? undefined : this.#current;
  }

  async #reopen(prints: Prints): Promise<Kept> {
    const source = await this.#pinned.pin(this.#source);
    const warn = (message: string): void => this.#warnOnce(message);
    const identity = await openIdentity(source, { ...this.#context, warn, askSecret: this.#typed.forOpening() });
    await this.#retire();
    this.#isOutdated = false;
    this.#refused = undefined;
    this.#told.clear();
    this.#current = { lease: new Lease(identity), prints };
    return this.#current;
  }

  #keepOr(error: unknown): Kept {
    this.#closing.signal.throwIfAborted();
    const current = this.#usable();
    if (current === undefined) throw error;
    this.#warnOnce(
      `the certificate and key that are there now cannot be used, those before are kept: ${describeError(error).message}`,
    );
    return current;
  }

  /** After a failure of what was done with an identity. */
  #judge(error: unknown, { lease, prints }: Kept): void {
    if (this.#current?.lease !== lease) return;
    const { kind, reopened } = factsOf(error);
    if (kind === 'secret') this.#refuse(error, prints);
    // Token and TPM both look for what was pulled and put back by themselves.
    if (kind === 'secret' || reopened) void this.#retire();
  }

  #refuse(error: unknown, { unlocking }: Prints): void {
    this.#refused = { error, unlocking };
    this.#typed.forget();
  }

  async #retire(): Promise<void> {
    const lease = this.#current?.lease;
    this.#current = undefined;
    await lease?.retire();
  }

  #warnOnce(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#context.warn(message);
  }

  #filesMoved(): void {
    const before = this.#seen;
    const isNews = this.#lookAtSources().all !== before;
    // What nobody has read yet is no news.
    if (before === undefined || !isNews) return;
    for (const listener of this.#listeners) listener();
  }

  #unwatch(): void {
    this.#endWatch?.();
    this.#endWatch = undefined;
  }
}

function anyOf(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}
