import type { CertificateHash } from './key-pair.ts';
import type { KeyType } from './key-types.ts';

/** What a root CA shall be like. */
export interface AuthorityOptions {
  /** `CN=Sandbox CA` when not given. */
  readonly subject?: string;
  /** P-256 when not given. */
  readonly keyType?: KeyType;
  /** Days it is valid, from a day before now on; 3650 when not given. */
  readonly days?: number;
  /** Intermediates allowed below it; any number when not given. */
  readonly pathLength?: number;
  /** The time; the system's when not given. */
  readonly now?: () => Date;
}

/** What an intermediate CA shall be like. */
export type IntermediateOptions = Omit<AuthorityOptions, 'now'>;

/** What a leaf shall be like. All defaults together make one that Roles Anywhere takes. */
export interface LeafOptions {
  /** `CN=sandbox.example`; an empty text makes an empty subject. */
  readonly subject?: string;
  /** P-256 when not given. */
  readonly keyType?: KeyType;
  /** Days it is valid; 30 when not given. */
  readonly days?: number;
  /** A day before now when not given. With `days` it makes leaves that have expired, or are not valid yet. */
  readonly notBefore?: Date;
  /** Random when not given. */
  readonly serialNumber?: bigint;
  readonly alternativeNames?: readonly {
    readonly type: 'dns' | 'url' | 'ip' | 'email' | 'dn';
    readonly value: string;
  }[];
  /** `['digitalSignature']` when not given; an empty list leaves the extension out. */
  readonly keyUsages?: readonly ('digitalSignature' | 'keyEncipherment' | 'keyAgreement' | 'keyCertSign')[];
  /** True makes it a CA certificate. */
  readonly ca?: boolean;
  /** Hash of the issuer's signature; SHA-256 when not given. */
  readonly hash?: CertificateHash;
}

/** A leaf and its key. */
export interface IssuedLeaf {
  /** PEM of the leaf alone. */
  readonly certificate: string;
  /** PEM, PKCS#8, not encrypted. */
  readonly privateKey: string;
  /** PEM of the intermediates, issuer of the leaf first; empty when the root issued it. */
  readonly chain: string;
  readonly serialNumber: bigint;
}

/** A certification authority, root or intermediate. */
export interface CertificateAuthority {
  /** PEM of its own certificate. */
  readonly certificate: string;
  issueLeaf(options?: LeafOptions): Promise<IssuedLeaf>;
  issueIntermediate(options?: IntermediateOptions): Promise<CertificateAuthority>;
}
