import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Bytes of a token's parts: when it expires, what makes it unlike any other, and the seal over both. */
const [expiryBytes, nonceBytes, sealBytes] = [6, 12, 24] as const;
const contentBytes = expiryBytes + nonceBytes;
/** Of the text: as long as EC2's. */
const tokenLength = ((contentBytes + sealBytes) / 3) * 4;

/** How many tokens in use are recognised by their hash, which takes a seventh of the time that the seal takes. */
const recognised = 256;

/**
 * Session tokens of the metadata service. Nothing need be stored of them: each says when it expires, sealed with a key
 * that only this process has (HMAC-SHA256, RFC 2104, of which 192 bits are kept). However many are asked for, none that
 * was given is forgotten before its time.
 */
export class ImdsTokens {
  readonly #monotonic: () => number;
  #key = randomBytes(32);
  /** Hash of a token that was used -> when it expires. */
  readonly #recent = new Map<string, number>();

  /** @param monotonic milliseconds since some moment; never goes back, so that setting the wall clock revives none */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  issue(ttlSeconds: number): string {
    const token = Buffer.allocUnsafe(contentBytes + sealBytes);
    token.writeUIntBE(Math.floor(this.#monotonic()) + ttlSeconds * 1000, 0, expiryBytes);
    randomBytes(nonceBytes).copy(token, expiryBytes);
    this.#sealOf(token).copy(token, contentBytes);
    return token.toString('base64');
  }

  /** Whole seconds that a token has left; undefined for one that has expired, or that this process did not give. */
  secondsLeft(text: string): number | undefined {
    if (text.length !== tokenLength) return undefined;
    const key = hash('sha256', text, 'base64url');
    const expiry = this.#recent.get(key) ?? this.#recognise(text, key);
    const left = expiry - this.#monotonic();
    return left > 0 ? Math.ceil(left / 1000) : undefined;
  }

  /** Takes back all of them. */
  clear(): void {
    this.#key = randomBytes(32);
    this.#recent.clear();
  }

  /** @returns when it expires; 0 where the seal is none of ours */
  #recognise(text: string, key: string): number {
    const token = Buffer.from(text, 'base64');
    if (token.length !== contentBytes + sealBytes) return 0;
    if (!timingSafeEqual(this.#sealOf(token), token.subarray(contentBytes))) return 0;
    const [oldest] = this.#recent.size < recognised ? [] : this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
    const expiry = token.readUIntBE(0, expiryBytes);
    this.#recent.set(key, expiry);
    return expiry;
  }

  #sealOf(token: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(token.subarray(0, contentBytes)).digest().subarray(0, sealBytes);
  }
}
