/**
 * Key usage bits by name (RFC 5280, section 4.2.1.3).
 *
 * @example
 * ```ts
 * import type { Certificate, KeyUsage } from 'roles-anywhere';
 *
 * const needed: KeyUsage = 'digitalSignature';
 * export const maySign = ({ keyUsage }: Certificate): boolean => keyUsage?.has(needed) === true;
 * ```
 */
export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

/**
 * What this package reads of an X.509 certificate (RFC 5280, section 4.1). Byte fields are views into `der`.
 *
 * @example
 * ```ts
 * import type { Certificate } from 'roles-anywhere';
 *
 * export const daysLeft = ({ notAfter }: Certificate, now: Date): number =>
 *   Math.floor((notAfter.getTime() - now.getTime()) / 86_400_000);
 * ```
 */
export interface Certificate {
  /** The whole certificate. */
  readonly der: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly serialNumber: bigint;
  /** Dotted object identifier of the signature on the certificate. */
  readonly signatureAlgorithm: string;
  /** DER of that algorithm's parameters (RSASSA-PSS keeps its hash there). */
  readonly signatureParameters: Uint8Array | undefined;
  /** DER of the issuer's Name. */
  readonly issuer: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the subject's Name. */
  readonly subject: Uint8Array;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  /** Dotted object identifier of the public key. */
  readonly publicKeyAlgorithm: string;
  /** Absent extension: undefined. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  /** Absent extension: undefined. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** Absent extension: undefined. */
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** keyIdentifier of the extension; absent: undefined. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
}
