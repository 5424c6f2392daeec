import type { AlgorithmIdentifier, DistinguishedName } from './certificate.ts';

/** Why a certificate was revoked (RFC 5280, section 5.3.1). */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
  | 'removeFromCRL'
  | 'privilegeWithdrawn'
  | 'aACompromise';

/** One line of a CRL. */
export interface RevokedEntry {
  readonly revokedAt: Date;
  readonly reason: RevocationReason;
}

/** What makes a CRL one that nobody here, nor the service as far as it is known, reads as a plain list of one CA. */
export type CrlScope =
  | 'delta'
  | 'indirect'
  | 'user-certificates'
  | 'ca-certificates'
  | 'attribute-certificates'
  | 'some-reasons'
  | 'distribution-point';

/** A certificate revocation list (RFC 5280, section 5.1), read but not judged. */
export interface RevocationList {
  /** How it was given: ImportCrl takes PEM only. */
  readonly encoding: 'PEM' | 'DER';
  /** Bytes as given. */
  readonly size: number;
  readonly signedPart: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** 1 or 2. */
  readonly version: number;
  readonly issuer: DistinguishedName;
  readonly thisUpdate: Date;
  /** Absent field: undefined. */
  readonly nextUpdate: Date | undefined;
  /** cRLNumber; undefined where there is none, as in what old programs write. */
  readonly number: bigint | undefined;
  /** By serial number; entries of an indirect CRL that are of other issuers are left out. */
  readonly revoked: ReadonlyMap<bigint, RevokedEntry>;
  /** Empty for a complete list of everything that its issuer revoked. */
  readonly scopes: readonly CrlScope[];
  /** Object identifiers of the critical extensions, also of entries, that nobody here knows how to honour. */
  readonly unknownCriticalExtensions: readonly string[];
}
