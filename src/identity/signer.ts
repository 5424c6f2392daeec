/** The families of keys that Roles Anywhere knows. */
export type SignatureAlgorithm = 'RSA' | 'ECDSA' | 'ML-DSA';

/** CreateSession always signs with SHA-256; the others serve `sign-string --digest`. */
export type Digest = 'SHA-256' | 'SHA-384' | 'SHA-512';

/**
 * A private key, wherever it lives.
 *
 * `sign` takes the message, not its hash, and returns the wire form: RSASSA-PKCS1-v1_5 bytes for RSA, DER
 * `SEQUENCE { r, s }` for ECDSA, the raw bytes of pure ML-DSA (FIPS 204, empty context; it has no digest).
 */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** @param digest SHA-256 when not given */
  sign(message: Uint8Array, digest?: Digest): Promise<Uint8Array>;
}
