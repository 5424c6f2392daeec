import { hash, randomBytes } from 'node:crypto';

/** As many as the official helper holds. */
const capacity = 256;
const bytesOfToken = 42;
const lengthOfToken = 56;

/** Session tokens of the metadata service. Only their hashes are held: what is in memory opens nothing. */
export class ImdsTokens {
  readonly #monotonic: () => number;
  /** Hash of a token -> when it expires, on the monotonic clock: setting the wall clock revives none. */
  readonly #expiries = new Map<string, number>();

  /** @param monotonic milliseconds since some moment; never goes back */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Makes a token; where there is no room, the one that expires first goes. */
  issue(ttlSeconds: number): string {
    if (this.#expiries.size >= capacity) this.#makeRoom();
    const token = randomBytes(bytesOfToken).toString('base64');
    this.#expiries.set(hashOf(token), this.#monotonic() + ttlSeconds * 1000);
    return token;
  }

  /** Whole seconds that a token has left; undefined for one that has expired, was evicted, or never was. */
  secondsLeft(token: string): number | undefined {
    if (token.length !== lengthOfToken) return undefined;
    const key = hashOf(token);
    const expiry = this.#expiries.get(key);
    if (expiry === undefined) return undefined;
    const left = expiry - this.#monotonic();
    if (left > 0) return Math.ceil(left / 1000);
    this.#expiries.delete(key);
    return undefined;
  }

  /** How many are held, expired ones not yet noticed included. */
  get size(): number {
    return this.#expiries.size;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#expiries.clear();
  }

  #makeRoom(): void {
    let [first, earliest] = ['', Infinity];
    for (const [key, expiry] of this.#expiries) {
      if (expiry < earliest) [first, earliest] = [key, expiry];
    }
    this.#expiries.delete(first);
  }
}

/** A look-up by hash takes as long for a near miss as for a far one. */
function hashOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
