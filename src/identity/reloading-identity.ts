import { inTurn } from '../core/in-turn.ts';
import { describeError } from '../core/describe-error.ts';
import { factsOf, failureKind } from '../core/error-facts.ts';
import type { IdentityContext, IdentitySource, ReloadingIdentity, SigningIdentity } from './identity.ts';
import { lookAtSources, type IdentityParts, partsOf, pathsOf } from './identity-files.ts';
import { givesBytes } from './backends/sources.ts';
import { openIdentity } from './open-identity.ts';
import { BufferedSources } from './buffered-sources.ts';
import { AnswerCache } from './answer-cache.ts';
import { watchFiles } from './watch-files.ts';

export interface ReloadSettings {
  /** Milliseconds between two looks at the files, while somebody wants to know of changes; 2 s when not given. */
  readonly lookEveryMs?: number;
}

/**
 * An identity for a process that lives on. Its files are read at each use; what they hold is opened when it is
 * another than before, all of it as one checked pair. Where that cannot be used, the pair before stays, with a warning,
 * until its certificate expires. A token or TPM stays open all the while.
 *
 * stdin, descriptors and pipes are read once; a password that was typed is cached; a PIN or password that was
 * refused is not sent again before the key's file or its own has changed, or `reload` was called.
 */
export function reloadingIdentity(
  source: IdentitySource,
  context: IdentityContext,
  settings: ReloadSettings = {},
): ReloadingIdentity {
  return new Reloading(source, context, settings);
}

/** The sources as they were when something was opened, or could not be. */
interface Prints {
  readonly all: string;
  /** Of the private key and what unlocks it. */
  readonly unlocking: string;
}

interface Current {
  readonly shared: SharedIdentity;
  readonly prints: Prints;
}

class Reloading implements ReloadingIdentity {
  readonly #source: IdentitySource;
  readonly #parts: IdentityParts;
  readonly #context: IdentityContext;
  readonly #lookEveryMs: number;
  readonly #buffered: BufferedSources;
  readonly #answers: AnswerCache;
  readonly #listeners = new Set<() => void>();
  readonly #told = new Set<string>();
  #current: Current | undefined;
  #refused: { readonly error: unknown; readonly unlocking: string } | undefined;
  /** Of what was last opened, tried to, or told to the listeners. */
  #seen: string | undefined;
  #isOutdated = false;
  #endWatch: (() => void) | undefined;
  readonly #inTurn = inTurn();
  readonly #closing = new AbortController();

  constructor(source: IdentitySource, context: IdentityContext, { lookEveryMs = 2000 }: ReloadSettings) {
    this.#source = source;
    this.#parts = partsOf(source);
    this.#context = { ...context, signal: anyOf(this.#closing.signal, context.signal) };
    this.#lookEveryMs = lookEveryMs;
    this.#buffered = new BufferedSources(this.#context);
    this.#answers = new AnswerCache(context.askSecret);
  }

  async use<T>(action: (identity: SigningIdentity) => Promise<T>): Promise<T> {
    // Begun in the turn, so that nobody closes the identity before.
    const begun = await this.#inTurn(async () => {
      let current = await this.#newest();
      // Another use may have failed on the way here, and closed it.
      while (current.shared.isRetired) current = await this.#newest();
      const result = current.shared.use(action);
      result.catch((error: unknown) => this.#judge(error, current));
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
    const paths = pathsOf(this.#parts, this.#context.environment);
    this.#endWatch ??= watchFiles(paths, this.#lookEveryMs, () => this.#filesMoved());
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
      this.#buffered.wipe();
      this.#answers.clear();
    });
  }

  async #newest(): Promise<Current> {
    this.#closing.signal.throwIfAborted();
    const prints = await this.#lookEverywhere();
    const current = this.#usable();
    if (current !== undefined && !this.#isOutdated && current.prints.all === prints.all) {
      this.#told.clear();
      return current;
    }
    if (this.#refused?.unlocking === prints.unlocking) return this.#currentOr(this.#refused.error);
    try {
      return await this.#reopen(prints);
    } catch (error) {
      if (failureKind(error) === 'secret') this.#refuse(error, prints);
      if (factsOf(error).withdrawn) await this.#retire();
      return this.#currentOr(error);
    }
  }

  /** Of stores, too, which tell of a renewed certificate only when they are asked. */
  async #lookEverywhere(): Promise<Prints> {
    const { all, unlocking } = this.#lookAtSources();
    if (this.#parts.pair.every(givesBytes)) return { all, unlocking };
    const { printOf } = await import('./backends/registry.ts');
    const print = await printOf(this.#source, this.#context);
    return { all: `${all} ${print}`, unlocking: `${unlocking} ${print}` };
  }

  #lookAtSources(): Prints {
    const { pair, unlocking } = this.#parts;
    const fingerprintOf = lookAtSources(this.#context.environment);
    const all = fingerprintOf([...pair, ...unlocking]);
    this.#seen = all;
    return { all, unlocking: fingerprintOf(unlocking) };
  }

  /** What is open, unless its certificate has expired: on a token there may be a newer one then. */
  #usable(): Current | undefined {
    const isExpired = (this.#current?.shared.identity.certificate.notAfter ?? 0) < this.#context.now();
    return isExpired ? undefined : this.#current;
  }

  async #reopen(prints: Prints): Promise<Current> {
    const source = await this.#buffered.buffer(this.#source);
    const warn = (message: string): void => this.#warnOnce(message);
    const onOutdated = (): void => this.#outdated();
    const askSecret = this.#answers.forOpening();
    const identity = await openIdentity(source, { ...this.#context, warn, onOutdated, askSecret });
    await this.#retire();
    this.#isOutdated = false;
    this.#refused = undefined;
    this.#told.clear();
    this.#current = { shared: new SharedIdentity(identity), prints };
    return this.#current;
  }

  #currentOr(error: unknown): Current {
    this.#closing.signal.throwIfAborted();
    const current = this.#usable();
    if (current === undefined) throw error;
    this.#warnOnce(
      `the certificate and key that are there now cannot be used, those before are kept: ${describeError(error).message}`,
    );
    return current;
  }

  /** After a failure of what was done with an identity. */
  #judge(error: unknown, { shared, prints }: Current): void {
    if (this.#current?.shared !== shared) return;
    const { kind, reopened } = factsOf(error);
    if (kind === 'secret') this.#refuse(error, prints);
    // Token and TPM both look for what was pulled and put back by themselves.
    if (kind === 'secret' || reopened) void this.#retire();
  }

  #refuse(error: unknown, { unlocking }: Prints): void {
    this.#refused = { error, unlocking };
    this.#answers.clear();
  }

  async #retire(): Promise<void> {
    const shared = this.#current?.shared;
    this.#current = undefined;
    await shared?.retire();
  }

  #warnOnce(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#context.warn(message);
  }

  /** The store of the identity has another one for us now. */
  #outdated(): void {
    this.#isOutdated = true;
    this.#tellListeners();
  }

  #filesMoved(): void {
    const before = this.#seen;
    const isNews = this.#lookAtSources().all !== before;
    // What nobody has read yet is no news.
    if (before !== undefined && isNews) this.#tellListeners();
  }

  #tellListeners(): void {
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

/** An open identity that is closed when nobody uses it any more. */
class SharedIdentity {
  readonly identity: SigningIdentity;
  #users = 0;
  #isRetired = false;

  constructor(identity: SigningIdentity) {
    this.identity = identity;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  async use<T>(action: (identity: SigningIdentity) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await action(this.identity);
    } finally {
      this.#users -= 1;
      if (this.#isRetired) await this.#closeIfUnused();
    }
  }

  /** Nobody new will use it. */
  async retire(): Promise<void> {
    if (this.#isRetired) return;
    this.#isRetired = true;
    await this.#closeIfUnused();
  }

  async #closeIfUnused(): Promise<void> {
    if (this.#users > 0) return;
    // A token that was pulled cannot be closed well, and is nobody's concern any more.
    await this.identity.close().catch(() => undefined);
  }
}

/** The identities of one process: what several of its parts ask for is opened, and its password asked for, once. */
export interface IdentityPool {
  /** One that reloads already is taken over as it is. */
  reloading(source: IdentitySource | ReloadingIdentity): ReloadingIdentity;
  reload(): void;
  /** Calls back when a file of one of them has changed; the returned function ends that. */
  onChange(callback: () => void): () => void;
  close(): Promise<void>;
}

export function identityPool(context: IdentityContext, settings: ReloadSettings = {}): IdentityPool {
  const identities = new Map<string | ReloadingIdentity, ReloadingIdentity>();
  return {
    reloading(source) {
      const key = 'use' in source ? source : keyOf(source);
      const identity = identities.get(key) ?? ('use' in source ? source : reloadingIdentity(source, context, settings));
      identities.set(key, identity);
      return identity;
    },
    reload() {
      for (const identity of identities.values()) identity.reload();
    },
    onChange(callback) {
      const ends = [...identities.values()].map((identity) => identity.onChange(callback));
      return () => ends.forEach((end) => end());
    },
    async close() {
      await Promise.all([...identities.values()].map((identity) => identity.close()));
    },
  };
}

/** The same for the same sources, whichever options gave them. */
function keyOf(source: IdentitySource): string {
  return JSON.stringify(source, (name, value: unknown) => (name === 'option' ? undefined : value));
}
