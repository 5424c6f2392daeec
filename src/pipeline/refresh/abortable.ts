import type { Clock } from './clock.ts';

type GiveUp = (reason: unknown) => void;

/** One listener for each signal, however many wait with it: Node warns of a leak from the eleventh listener on. */
const waiting = new WeakMap<AbortSignal, Set<GiveUp>>();

/**
 * One caller's wait for something that many wait for.
 *
 * @throws the signal's reason as soon as it is aborted; whatever the promise rejects with
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    // eslint-disable-next-line typescript/prefer-promise-reject-errors -- a signal may have any reason
    const giveUp: GiveUp = (reason) => reject(reason);
    if (signal.aborted) {
      promise.catch(() => undefined);
      return giveUp(signal.reason);
    }
    const forget = listen(signal, giveUp);
    promise.finally(forget).then(resolve, reject);
  });
}

function listen(signal: AbortSignal, giveUp: GiveUp): () => void {
  const known = waiting.get(signal);
  const all = known ?? new Set<GiveUp>();
  all.add(giveUp);
  if (known === undefined) {
    waiting.set(signal, all);
    signal.addEventListener('abort', () => all.forEach((each) => each(signal.reason)), { once: true });
  }
  return () => all.delete(giveUp);
}

/** For how long to wait for something. */
interface Patience<T> {
  readonly milliseconds: number;
  readonly clock: Pick<Clock, 'after'>;
  /** What comes of it then. */
  readonly late: () => T;
  /** Keeps the process alive for that long; false when not given. */
  readonly keepsAlive?: boolean;
}

/**
 * What a promise gives, or what `late` does where that takes too long.
 *
 * @throws whatever the promise rejects with, or `late` throws
 */
export function inTime<T>(promise: Promise<T>, { milliseconds, clock, late, keepsAlive }: Patience<T>): Promise<T> {
  let endWait = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    endWait = clock.after(milliseconds, resolve, { keepsAlive: keepsAlive ?? false });
  });
  return Promise.race([promise, end.then(late)]).finally(endWait);
}
