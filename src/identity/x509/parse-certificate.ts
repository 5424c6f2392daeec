import type { Certificate, KeyUsage } from './certificate.ts';
import {
  bitStringOf,
  constructed,
  damaged,
  type Element,
  elementsOf,
  equalBytes,
  expectTag,
  integerOf,
  objectIdentifierOf,
  octetStringOf,
  onlyElement,
  primitive,
  sequenceOf,
  smallIntegerOf,
  tags,
  take,
  takeIf,
  timeOf,
} from './der.ts';

/** In the order of their bits (RFC 5280, section 4.2.1.3). */
const keyUsages: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

const subjectKeyIdentifier = '2.5.29.14';
const keyUsage = '2.5.29.15';
const basicConstraints = '2.5.29.19';
const authorityKeyIdentifier = '2.5.29.35';

/**
 * Reads what this package needs of a DER certificate (RFC 5280, section 4.1). Nothing is judged: not the dates, not
 * the signature, not the extensions that it does not know.
 *
 * @throws Problem when it is no certificate
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const [tbs, signatureAlgorithm] = certificateParts(der);
  const fields = sequenceOf(tbs);
  const version = readVersion(takeIf(fields, constructed(0)));
  const serialNumber = integerOf(fields.shift());
  const innerAlgorithm = take(fields, tags.sequence);
  if (!equalBytes(innerAlgorithm.encoded, signatureAlgorithm.encoded)) {
    throw damaged('it names two different signature algorithms');
  }
  const [algorithm, parameters] = sequenceOf(signatureAlgorithm);
  const issuer = take(fields, tags.sequence);
  const validity = sequenceOf(fields.shift());
  const subject = take(fields, tags.sequence);
  const publicKeyInfo = take(fields, tags.sequence);
  takeIf(fields, primitive(1));
  takeIf(fields, primitive(2));
  const extensions = readExtensions(takeIf(fields, constructed(3)));
  if (fields.length > 0) throw damaged('it has unknown fields');
  return {
    der,
    version,
    serialNumber,
    signatureAlgorithm: objectIdentifierOf(algorithm),
    signatureParameters: parameters?.encoded,
    issuer: issuer.encoded,
    notBefore: timeOf(validity[0]),
    notAfter: timeOf(validity[1]),
    subject: subject.encoded,
    publicKeyInfo: publicKeyInfo.encoded,
    publicKeyAlgorithm: objectIdentifierOf(sequenceOf(sequenceOf(publicKeyInfo)[0])[0]),
    basicConstraints: readBasicConstraints(extensions.get(basicConstraints)),
    keyUsage: readKeyUsage(extensions.get(keyUsage)),
    subjectKeyIdentifier: readSubjectKeyIdentifier(extensions.get(subjectKeyIdentifier)),
    authorityKeyIdentifier: readAuthorityKeyIdentifier(extensions.get(authorityKeyIdentifier)),
  };
}

/** tbsCertificate, signatureAlgorithm and signatureValue. */
export function certificateParts(der: Uint8Array): readonly [Element, Element, Element] {
  const fields = sequenceOf(onlyElement(der));
  const parts = [take(fields, tags.sequence), take(fields, tags.sequence), take(fields, tags.bitString)] as const;
  if (fields.length > 0) throw damaged('it has unknown fields');
  return parts;
}

/** Version ::= INTEGER { v1(0), v2(1), v3(2) }, v1 when absent. */
function readVersion(field: Element | undefined): number {
  return field === undefined ? 1 : smallIntegerOf(onlyElement(field.contents), 2) + 1;
}

/** Contents of extnValue by extnID. RFC 5280, section 4.2: none may come twice. */
function readExtensions(field: Element | undefined): ReadonlyMap<string, Uint8Array> {
  const extensions = new Map<string, Uint8Array>();
  if (field === undefined) return extensions;
  for (const extension of sequenceOf(onlyElement(field.contents))) {
    const parts = sequenceOf(extension);
    const identifier = objectIdentifierOf(parts.shift());
    takeIf(parts, tags.boolean);
    if (extensions.has(identifier)) throw damaged(`it has the extension ${identifier} twice`);
    extensions.set(identifier, octetStringOf(parts.shift()));
  }
  return extensions;
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function readBasicConstraints(value: Uint8Array | undefined): Certificate['basicConstraints'] {
  if (value === undefined) return undefined;
  const fields = sequenceOf(onlyElement(value));
  const ca = takeIf(fields, tags.boolean)?.contents[0];
  const pathLength = takeIf(fields, tags.integer);
  return {
    ca: ca !== undefined && ca !== 0,
    pathLength: pathLength === undefined ? undefined : smallIntegerOf(pathLength, 0xffff),
  };
}

function readKeyUsage(value: Uint8Array | undefined): Certificate['keyUsage'] {
  if (value === undefined) return undefined;
  const { bytes } = bitStringOf(onlyElement(value));
  return new Set(keyUsages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

function readSubjectKeyIdentifier(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : octetStringOf(onlyElement(value));
}

/** AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] IMPLICIT OCTET STRING OPTIONAL, … } */
function readAuthorityKeyIdentifier(value: Uint8Array | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const fields = elementsOf(expectTag(onlyElement(value), tags.sequence).contents);
  return takeIf(fields, primitive(0))?.contents;
}
