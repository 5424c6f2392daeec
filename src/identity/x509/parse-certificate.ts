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
  wholeBytesOf,
} from './der.ts';
import { describePublicKey } from './public-key.ts';
import { readSignatureAlgorithm } from './signature-algorithm.ts';

/** In the order of their bits (RFC 5280, section 4.2.1.3). */
export const keyUsages: readonly KeyUsage[] = [
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
 * the signature, not the extensions that it does not know. But it is read whole: whatever is damaged is found here,
 * under the name of its file, and not by who looks at a name or a key later.
 *
 * @throws Problem when it is no certificate
 */
export function parseX509(der: Uint8Array): Certificate {
  const [tbs, outerAlgorithm, signature] = certificateParts(der);
  wholeBytesOf(signature);
  const fields = sequenceOf(tbs);
  const version = readVersion(takeIf(fields, constructed(0)));
  const serialNumber = readSerialNumber(fields.shift());
  if (!equalBytes(take(fields, tags.sequence).encoded, outerAlgorithm.encoded)) {
    throw damaged('it names two different signature algorithms');
  }
  const issuer = takeName(fields);
  const validity = sequenceOf(fields.shift(), 2);
  const subject = takeName(fields);
  const publicKeyInfo = take(fields, tags.sequence);
  describePublicKey(publicKeyInfo.encoded);
  takeIf(fields, primitive(1));
  takeIf(fields, primitive(2));
  const extensions = readExtensions(takeIf(fields, constructed(3)));
  expectEnd(fields);
  return {
    der,
    version,
    serialNumber,
    ...readAlgorithm(outerAlgorithm),
    issuer,
    notBefore: timeOf(validity[0]),
    notAfter: timeOf(validity[1]),
    subject,
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
  const fields = sequenceOf(onlyElement(der), 3);
  return [take(fields, tags.sequence), take(fields, tags.sequence), take(fields, tags.bitString)];
}

function expectEnd(fields: readonly Element[]): void {
  if (fields.length > 0) throw damaged('it has unknown fields');
}

/** Version ::= INTEGER { v1(0), v2(1), v3(2) }, v1 when absent. */
function readVersion(field: Element | undefined): number {
  return field === undefined ? 1 : smallIntegerOf(onlyElement(field.contents), 2) + 1;
}

/** Never negative (RFC 5280, section 4.1.2.2): the official helper, by Go's crypto/x509, refuses such ones too. */
function readSerialNumber(field: Element | undefined): bigint {
  const serialNumber = integerOf(field);
  if (serialNumber < 0n) throw damaged(`its serial number is negative (${serialNumber})`);
  return serialNumber;
}

/** AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } */
function readAlgorithm(field: Element): Pick<Certificate, 'signatureAlgorithm' | 'signatureParameters'> {
  const [algorithm, parameters] = sequenceOf(field, 2);
  const signatureAlgorithm = objectIdentifierOf(algorithm);
  readSignatureAlgorithm(signatureAlgorithm, parameters?.encoded);
  return { signatureAlgorithm, signatureParameters: parameters?.encoded };
}

/** Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY } (RFC 5280, section 4.1.2.4) */
function takeName(fields: Element[]): Uint8Array {
  const name = take(fields, tags.sequence);
  for (const relative of sequenceOf(name)) {
    for (const attribute of elementsOf(expectTag(relative, tags.set).contents)) {
      const [type, value] = sequenceOf(attribute, 2);
      objectIdentifierOf(type);
      if (value === undefined) throw damaged('a name has an attribute without a value');
    }
  }
  return name.encoded;
}

/** Contents of an extension that this file does not know, by its dotted identifier. */
export function otherExtension({ der }: Pick<Certificate, 'der'>, identifier: string): Uint8Array | undefined {
  const [tbs] = certificateParts(der);
  return readExtensions(sequenceOf(tbs).find(({ tag }) => tag === constructed(3))).get(identifier);
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
    expectEnd(parts);
  }
  return extensions;
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function readBasicConstraints(value: Uint8Array | undefined): Certificate['basicConstraints'] {
  if (value === undefined) return undefined;
  const fields = sequenceOf(onlyElement(value));
  const ca = takeIf(fields, tags.boolean)?.contents[0] ?? 0;
  const pathLength = takeIf(fields, tags.integer);
  expectEnd(fields);
  return { ca: ca !== 0, pathLength: pathLength === undefined ? undefined : smallIntegerOf(pathLength, 0xffff) };
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
  return value === undefined ? undefined : takeIf(sequenceOf(onlyElement(value)), primitive(0))?.contents;
}
