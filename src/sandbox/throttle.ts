/** A token bucket that holds what one second brings. */
export class Throttle {
  readonly #perSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number | undefined;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#capacity = Math.max(perSecond, 1);
    this.#tokens = this.#capacity;
  }

  /** Takes a call, or tells in how many seconds one will be free. */
  take(now: Date): { readonly retryAfter: number } | undefined {
    const elapsed = Math.max(0, now.getTime() - (this.#filledAt ?? now.getTime())) / 1000;
    this.#filledAt = now.getTime();
    this.#tokens = Math.min(this.#capacity, this.#tokens + elapsed * this.#perSecond);
    if (this.#tokens < 1) return { retryAfter: (1 - this.#tokens) / this.#perSecond };
    this.#tokens -= 1;
    return undefined;
  }
}
