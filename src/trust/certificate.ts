/*
 * trust/ says what the service would decide about a certificate. It imports nothing of identity/ and sigv4-x509/: the
 * client and its judge read certificates and rules each on their own, and a mistake of one shows as a difference.
 * docs/architecture.md has the reasons, test/trust/two-readers.test.ts the proof.
 */

/** One attribute of a distinguished name, `CN=leaf.example`. */
export interface NameAttribute {
  /** Short name such as `CN`, or the dotted object identifier where there is none. */
  readonly type: string;
  readonly value: string;
}

export interface DistinguishedName {
  /** What issuer and subject are compared by. */
  readonly der: Uint8Array;
  /** In the order of the certificate. */
  readonly attributes: readonly NameAttribute[];
  /** For messages only. */
  readonly text: string;
}

/** An algorithm identifier (RFC 5280, section 4.1.1.2). */
export interface AlgorithmIdentifier {
  readonly oid: string;
  /** DER of the parameters, empty where there are none. */
  readonly parameters: Uint8Array;
}

/** What the trust decisions need to know of a certificate (RFC 5280, section 4.1). */
export interface JudgedCertificate {
  readonly der: Uint8Array;
  /** TBSCertificate: the bytes its issuer signed. */
  readonly signedPart: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly serialNumber: bigint;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  /** Absent extension: undefined. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  /** Absent extension: undefined. */
  readonly keyUsage: { readonly digitalSignature: boolean; readonly keyCertSign: boolean } | undefined;
  readonly alternativeNames: {
    readonly dns: readonly string[];
    readonly uri: readonly string[];
    readonly directory: readonly DistinguishedName[];
  };
  /** Object identifiers of the critical extensions that nobody here knows how to honour. */
  readonly unknownCriticalExtensions: readonly string[];
}
