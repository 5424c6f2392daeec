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

/** A distinguished name (RFC 5280, section 4.1.2.4). */
export interface DistinguishedName {
  readonly der: Uint8Array;
  /** What names are compared by, one text for each relative name (RFC 5280, section 7.1). */
  readonly comparable: readonly string[];
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

/** The bits of a key usage that decide here (RFC 5280, section 4.2.1.3). */
export interface JudgedKeyUsage {
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly cRLSign: boolean;
}

/** GeneralNames by their kind, each in the order of the certificate (RFC 5280, section 4.2.1.6). */
export interface GeneralNames {
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly directory: readonly DistinguishedName[];
  /** rfc822Name. */
  readonly email: readonly string[];
  /** Four or sixteen octets; in a name constraint twice as many, the second half a mask. */
  readonly ip: readonly Uint8Array[];
  /** Tags of the names that are none of these: otherName, registeredID and the like. */
  readonly others: readonly number[];
}

/** What a CA confines the names below it to (RFC 5280, section 4.2.1.10). */
export interface NameConstraints {
  readonly permitted: GeneralNames;
  readonly excluded: GeneralNames;
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
  readonly keyUsage: JudgedKeyUsage | undefined;
  /** Empty where there is no such extension. */
  readonly alternativeNames: GeneralNames;
  /** Absent extension: undefined. */
  readonly nameConstraints: NameConstraints | undefined;
  /** Object identifiers of the critical extensions that nobody here knows how to honour. */
  readonly unknownCriticalExtensions: readonly string[];
}
