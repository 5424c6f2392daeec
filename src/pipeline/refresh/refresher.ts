import type { Credentials } from '../../core/credentials.ts';
import type { Clock } from './clock.ts';

/** What a renewal came to, for logs and metrics. None of it is secret but `credentials` itself. */
export type RefreshEvent =
  | { readonly kind: 'renewed'; readonly credentials: Credentials; readonly elapsedMs: number }
  | {
      readonly kind: 'failed';
      readonly error: unknown;
      readonly elapsedMs: number;
      /** Milliseconds until the next attempt; until then nobody makes one. Infinity: nobody does before a `reload`. */
      readonly retryInMs: number;
      /** Whether a set that has not expired is still handed out. */
      readonly stillValid: boolean;
    }
  /** The wall clock went another way than the monotonic one: it was set, or the machine slept. */
  | { readonly kind: 'clock'; readonly jumpedMs: number };

/** Obtains a new set. The signal aborts when nobody wants it any more. */
export type Obtain = (signal: AbortSignal) => Promise<Credentials>;

export interface RefresherOptions {
  readonly clock: Clock;
  /** From 0 up to, not including, 1: spreads renewals and the attempts after a failure. */
  readonly random: () => number;
  /** Milliseconds after which a call of `obtain` counts as failed, whatever it does; for ever when not given. */
  readonly limitMs?: number | undefined;
  readonly onEvent?: ((event: RefreshEvent) => void) | undefined;
}

export interface GetOptions {
  /** Gives up this caller's wait; the renewal goes on for the others, and for a few seconds more for nobody. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks for a set newer than the current one. That is handed out all the same when the renewal fails or takes too long,
   * within the pause after a failure, and within a second after the last time that this was asked for.
   */
  readonly forceRefresh?: boolean | undefined;
}

/** One set of credentials, renewed for any number of callers. */
export interface Refresher {
  /**
   * A set that has not expired.
   * @throws whatever the last renewal threw, when there is no valid set; the signal's reason, when it was aborted
   */
  get(options?: GetOptions): Promise<Credentials>;
  /** The current set, unless it has expired. */
  current(): Credentials | undefined;
  /** From now on renews by itself, early, without waiting for a caller. */
  keepFresh(): void;
  /**
   * Renews at once, after the renewal under way if there is one, and whatever the pause after a failure.
   * @throws whatever the renewal threw; the current set stays
   */
  reload(): Promise<Credentials>;
  /** Ends the timers and, with an AbortError, all waits. A renewal under way is told to end, and comes to nothing. */
  close(): void;
}
