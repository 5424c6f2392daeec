import { failureKind, isExhaustion } from '../../core/error-facts.ts';

/** Milliseconds. Chance may say zero, and nobody is to be asked without a pause. */
const shortest = 500;
const first = 1000;
/** What this machine ran out of is asked of nobody else, and there again from one moment to the next. */
const longest = { exhausted: 5_000, transient: 60_000, lasting: 5 * 60_000 } as const;

/** The pause after a failure, longer with each one in a row. Times are of the monotonic clock. */
export class CoolDown {
  readonly #random: () => number;
  #failures = 0;
  #until = Number.NEGATIVE_INFINITY;
  #error: unknown;

  /** @param random from 0 up to, not including, 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** What the last failure threw. */
  get error(): unknown {
    return this.#error;
  }

  /**
   * Begins the pause: full jitter below a bound that doubles.
   *
   * @returns its milliseconds; Infinity where it ends only by `lift`
   */
  begin(error: unknown, now: number): number {
    const kind = failureKind(error);
    this.#failures += 1;
    this.#error = error;
    const pause =
      kind === 'secret' ? Number.POSITIVE_INFINITY : this.#draw(longest[isExhaustion(error) ? 'exhausted' : kind]);
    this.#until = now + pause;
    return pause;
  }

  /** Milliseconds until it is over; no more than 0 when it is. */
  left(now: number): number {
    return this.#until - now;
  }

  lift(): void {
    this.#failures = 0;
    this.#until = Number.NEGATIVE_INFINITY;
    this.#error = undefined;
  }

  #draw(bound: number): number {
    return Math.max(shortest, this.#random() * Math.min(bound, first * 2 ** (this.#failures - 1)));
  }
}
