/**
 * The families of keys that Roles Anywhere knows.
 *
 * @example
 * ```ts
 * import type { SignatureAlgorithm, Signer } from 'roles-anywhere';
 *
 * export const isPostQuantum = ({ algorithm }: Signer): boolean => algorithm === ('ML-DSA' satisfies SignatureAlgorithm);
 * ```
 */
export type SignatureAlgorithm = 'RSA' | 'ECDSA' | 'ML-DSA';

/**
 * CreateSession always signs with SHA-256; the others serve `sign-string --digest`.
 *
 * @example
 * ```ts
 * import type { Digest, Signer } from 'roles-anywhere';
 *
 * export const signLonger = (signer: Signer, message: Uint8Array, digest: Digest = 'SHA-512') =>
 *   signer.sign(message, digest);
 * ```
 */
export type Digest = 'SHA-256' | 'SHA-384' | 'SHA-512';

/** What node:crypto calls it, `sha256`: that of Deno knows no name with a hyphen. */
export function hashName(digest: Digest | 'SHA-1'): string {
  return digest.replace('-', '').toLowerCase();
}

/**
 * A private key, wherever it lives.
 *
 * `sign` takes the message, not its hash, and returns the wire form: RSASSA-PKCS1-v1_5 bytes for RSA, DER
 * `SEQUENCE { r, s }` for ECDSA, the raw bytes of pure ML-DSA (FIPS 204, empty context; it has no digest).
 *
 * @example
 * ```ts
 * import type { Signer } from 'roles-anywhere';
 *
 * // Tells of each signature that is made.
 * export function watched(signer: Signer, onSign: () => void): Signer {
 *   const { algorithm } = signer;
 *   return {
 *     algorithm,
 *     sign: (message, digest) => {
 *       onSign();
 *       return signer.sign(message, digest);
 *     },
 *   };
 * }
 * ```
 */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** @param digest SHA-256 when not given */
  sign(message: Uint8Array, digest?: Digest): Promise<Uint8Array>;
}

/** A private key that was opened, with its public half. */
export interface OpenedKey {
  readonly signer: Signer;
  /** DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), for the check against the certificate. */
  readonly publicKeyInfo: Uint8Array;
  readonly close: () => Promise<void>;
}

/** A key to sign with, alone or with its certificate. */
export interface OpenedSigner {
  readonly signer: Signer;
  /**
   * DER SubjectPublicKeyInfo; `publicKeyBytes` and `keyTypeOf` read it. Undefined for a key without certificate on a
   * token that does not tell it; nothing can verify its signatures then.
   */
  readonly publicKeyInfo: Uint8Array | undefined;
  close(): Promise<void>;
}
