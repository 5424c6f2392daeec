import { RolesAnywhereError } from '../core/errors.ts';
import { checkSignatureAlgorithm } from './certificate-signature.ts';
import type { AlgorithmIdentifier, JudgedCertificate, DistinguishedName, NameAttribute } from './certificate.ts';
import {
  type DerElement,
  derTag,
  Fields,
  malformed,
  readBits,
  readInside,
  readInteger,
  readObjectIdentifier,
  readOnly,
  readTime,
  readWholeBits,
} from './der.ts';
import { readKeyInfo } from './public-key.ts';

/**
 * Critical extensions whose meaning is honoured here, or that do not bear on authenticating a caller: key usage,
 * alternative names, basic constraints, name constraints, policies, key identifiers, extended key usage and CRLs.
 */
const knownExtensions: ReadonlySet<string> = new Set([
  '2.5.29.14',
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.18',
  '2.5.29.19',
  '2.5.29.30',
  '2.5.29.31',
  '2.5.29.32',
  '2.5.29.33',
  '2.5.29.35',
  '2.5.29.36',
  '2.5.29.37',
  '2.5.29.54',
]);

/** Short names of the attributes that can become session tags; others keep their object identifier. */
const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SURNAME',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.42': 'GIVENNAME',
  '2.5.4.43': 'INITIALS',
  '2.5.4.44': 'GENERATION',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'E',
};

const subjectKeyIdentifier = '2.5.29.14';
const keyUsage = '2.5.29.15';
const alternativeName = '2.5.29.17';
const basicConstraints = '2.5.29.19';
const authorityKeyIdentifier = '2.5.29.35';

/** `[number]`, constructed or not (X.690, section 8.1.2). */
const outer = (number: number): number => 0xa0 + number;
const plain = (number: number): number => 0x80 + number;

/**
 * Reads one certificate from its DER (RFC 5280, section 4.1), strictly and whole: what a later decision asks for has been
 * looked at here.
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function decodeCertificate(der: Uint8Array): JudgedCertificate {
  const whole = new Fields(readInside(readOnly(der)));
  const signedPart = whole.next(derTag.sequence);
  const algorithm = whole.next(derTag.sequence);
  const signature = readWholeBits(whole.next(derTag.bitString));
  whole.end();
  const signatureAlgorithm = readAlgorithm(algorithm);
  checkSignatureAlgorithm(signatureAlgorithm);
  return { der, signedPart: signedPart.raw, signatureAlgorithm, signature, ...readSigned(signedPart, algorithm) };
}

/**
 * Reads every certificate of a PEM text, in its order.
 * @throws RolesAnywhereError CERTIFICATE_INVALID, also when there is none
 */
export function decodeCertificates(pem: string): JudgedCertificate[] {
  const blocks = pem.matchAll(/-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----([^-]*)-----END /g);
  const certificates = Array.from(blocks, ([, base64 = '']) => decodeCertificate(decode(base64)));
  if (certificates.length > 0) return certificates;
  throw new RolesAnywhereError('CERTIFICATE_INVALID', 'there is no PEM certificate');
}

function decode(base64: string): Buffer {
  const text = base64.replaceAll(/\s/g, '');
  const bytes = Buffer.from(text, 'base64');
  // Buffer reads what it can.
  if (bytes.toString('base64') === text) return bytes;
  throw new RolesAnywhereError('CERTIFICATE_INVALID', 'the PEM cannot be read');
}

type SignedPart = Omit<JudgedCertificate, 'der' | 'signedPart' | 'signatureAlgorithm' | 'signature'>;

function readSigned(signedPart: DerElement, algorithm: DerElement): SignedPart {
  const fields = new Fields(readInside(signedPart));
  const version = readVersion(fields.optional(outer(0)));
  const serialNumber = readSerialNumber(fields.next(derTag.integer));
  // RFC 5280, section 4.1.1.2: both algorithm fields must be the same.
  if (!Buffer.from(fields.next(derTag.sequence).raw).equals(algorithm.raw)) {
    throw malformed('the two signature algorithms differ');
  }
  const issuer = readName(fields.next(derTag.sequence));
  const validity = readValidity(fields.next(derTag.sequence));
  const subject = readName(fields.next(derTag.sequence));
  const publicKeyInfo = fields.next(derTag.sequence).raw;
  readKeyInfo(publicKeyInfo);
  for (const uniqueId of [plain(1), plain(2)]) fields.optional(uniqueId);
  const extensions = readExtensions(fields.optional(outer(3)));
  fields.end();
  return { version, serialNumber, issuer, subject, ...validity, publicKeyInfo, ...describeExtensions(extensions) };
}

/** version [0] EXPLICIT INTEGER { v1(0), v2(1), v3(2) } DEFAULT v1 */
function readVersion(field: DerElement | undefined): number {
  const version = field === undefined ? 0n : readInteger(readOnly(field.content, derTag.integer));
  if (version < 0n || version > 2n) throw malformed('its version is none of 1, 2 and 3');
  return Number(version) + 1;
}

/** Not negative (RFC 5280, section 4.1.2.2). */
function readSerialNumber(field: DerElement): bigint {
  const serialNumber = readInteger(field);
  if (serialNumber < 0n) throw malformed(`its serial number is negative (${serialNumber})`);
  return serialNumber;
}

function readAlgorithm(element: DerElement): AlgorithmIdentifier {
  const [oid, parameters, ...more] = readInside(element);
  if (more.length > 0) throw malformed('an algorithm has more than parameters');
  return { oid: readObjectIdentifier(oid), parameters: parameters?.raw ?? new Uint8Array() };
}

function readValidity(field: DerElement): { readonly notBefore: Date; readonly notAfter: Date } {
  const fields = new Fields(readInside(field));
  const time = (): Date => readTime(fields.optional(derTag.utcTime) ?? fields.next(derTag.generalizedTime));
  const validity = { notBefore: time(), notAfter: time() };
  fields.end();
  return validity;
}

/** Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY } (RFC 5280, section 4.1.2.4) */
function readName(field: DerElement): DistinguishedName {
  const attributes = readInside(field)
    .flatMap((relative) => readInside(relative, derTag.set))
    .map(readAttribute);
  const text = attributes.map(({ type, value }) => `${type}=${value}`).join(', ');
  return { der: field.raw, attributes, text };
}

function readAttribute(element: DerElement): NameAttribute {
  const [oid, value, ...more] = readInside(element);
  const type = readObjectIdentifier(oid);
  if (value === undefined || more.length > 0) throw malformed('an attribute of a name has not one value');
  return { type: attributeNames[type] ?? type, value: readText(value) };
}

/** DirectoryString and its kin (RFC 5280, section 4.1.2.4); TeletexString is Latin-1 in practice. */
function readText({ tag, content }: DerElement): string {
  const bytes = Buffer.from(content);
  if (tag === 0x0c) return bytes.toString('utf8');
  if (tag === 0x1e) return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : '';
  if (tag !== 0x1c) return bytes.toString('latin1');
  const points =
    bytes.length % 4 === 0 ? Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32BE(4 * at)) : [];
  return points.map((point) => (point > 0x10_ffff ? '\u{fffd}' : String.fromCodePoint(point))).join('');
}

interface ReadExtension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** By object identifier; none may come twice (RFC 5280, section 4.2). */
function readExtensions(field: DerElement | undefined): ReadonlyMap<string, ReadExtension> {
  const extensions = new Map<string, ReadExtension>();
  for (const element of field === undefined ? [] : readInside(readOnly(field.content))) {
    const parts = new Fields(readInside(element));
    const oid = readObjectIdentifier(parts.next(derTag.objectIdentifier));
    const critical = isTrue(parts.optional(derTag.boolean));
    if (extensions.has(oid)) throw malformed(`it has the extension ${oid} twice`);
    extensions.set(oid, { critical, value: parts.next(derTag.octetString).content });
    parts.end();
  }
  return extensions;
}

/** BOOLEAN DEFAULT FALSE; any bit makes it true, as in BER. */
function isTrue(element: DerElement | undefined): boolean {
  return (element?.content[0] ?? 0) !== 0;
}

type Described = Pick<
  JudgedCertificate,
  'basicConstraints' | 'keyUsage' | 'alternativeNames' | 'unknownCriticalExtensions'
>;

function describeExtensions(extensions: ReadonlyMap<string, ReadExtension>): Described {
  const read = <T>(oid: string, reader: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(oid);
    return extension === undefined ? undefined : reader(extension.value);
  };
  // Nothing here depends on these two, and what is in a certificate has to be what it says.
  read(subjectKeyIdentifier, (value) => readOnly(value, derTag.octetString));
  read(authorityKeyIdentifier, (value) => readInside(readOnly(value)));
  return {
    basicConstraints: read(basicConstraints, readBasicConstraints),
    keyUsage: read(keyUsage, readKeyUsage),
    alternativeNames: read(alternativeName, readAlternativeNames) ?? { dns: [], uri: [], directory: [] },
    unknownCriticalExtensions: [...extensions]
      .filter(([oid, { critical }]) => critical && !knownExtensions.has(oid))
      .map(([oid]) => oid),
  };
}

/** The most intermediates a constraint may count. */
const longestPath = 0xffffn;

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function readBasicConstraints(value: Uint8Array): JudgedCertificate['basicConstraints'] {
  const fields = new Fields(readInside(readOnly(value)));
  const ca = isTrue(fields.optional(derTag.boolean));
  const limit = fields.optional(derTag.integer);
  fields.end();
  const pathLength = limit === undefined ? undefined : readInteger(limit);
  if (pathLength !== undefined && (pathLength < 0n || pathLength > longestPath)) {
    throw malformed(`its path length ${pathLength} is out of bounds`);
  }
  return { ca, pathLength: pathLength === undefined ? undefined : Number(pathLength) };
}

/** Bit 0 is digitalSignature, bit 5 keyCertSign (RFC 5280, section 4.2.1.3). */
function readKeyUsage(value: Uint8Array): JudgedCertificate['keyUsage'] {
  const [flags = 0] = readBits(readOnly(value, derTag.bitString)).bytes;
  return { digitalSignature: (flags & 0x80) !== 0, keyCertSign: (flags & 0x04) !== 0 };
}

function readAlternativeNames(value: Uint8Array): JudgedCertificate['alternativeNames'] {
  try {
    return describeAlternativeNames(value);
  } catch {
    throw malformed('its alternative names cannot be read');
  }
}

/** GeneralName (RFC 5280, section 4.2.1.6): dNSName [2], directoryName [4] EXPLICIT Name, uniformResourceIdentifier [6] */
function describeAlternativeNames(value: Uint8Array): JudgedCertificate['alternativeNames'] {
  const names = readInside(readOnly(value));
  const withTag = (tag: number): readonly Uint8Array[] =>
    names.filter((name) => name.tag === tag).map(({ content }) => content);
  const texts = (tag: number): string[] => withTag(tag).map((content) => Buffer.from(content).toString('latin1'));
  return {
    dns: texts(plain(2)),
    uri: texts(plain(6)),
    directory: withTag(outer(4)).map((content) => readName(readOnly(content))),
  };
}
