import { RolesAnywhereError } from '../../core/errors.ts';
import { checkSignatureAlgorithm, readAlgorithm } from './certificate-signature.ts';
import type { GeneralNames, JudgedCertificate, JudgedKeyUsage, NameConstraints } from './certificate.ts';
import {
  type DerElement,
  derTag,
  Fields,
  isTrue,
  malformed,
  outer,
  plain,
  readBits,
  readElements,
  readInside,
  readInteger,
  readOnly,
  readTime,
  readWholeBits,
} from './der.ts';
import { readName } from './distinguished-name.ts';
import { explicitExtensions, type Extensions, unknownCritical } from './extensions.ts';
import { noNames, readGeneralNames } from './general-names.ts';
import { decodeBlock } from './pem.ts';
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

const subjectKeyIdentifier = '2.5.29.14';
const keyUsage = '2.5.29.15';
const alternativeName = '2.5.29.17';
const basicConstraints = '2.5.29.19';
const nameConstraints = '2.5.29.30';
const authorityKeyIdentifier = '2.5.29.35';

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
  const certificates = Array.from(blocks, ([, base64 = '']) => decodeCertificate(decodeBlock(base64)));
  if (certificates.length > 0) return certificates;
  throw new RolesAnywhereError('CERTIFICATE_INVALID', 'there is no PEM certificate');
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
  const extensions = explicitExtensions(fields.optional(outer(3)));
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

function readValidity(field: DerElement): { readonly notBefore: Date; readonly notAfter: Date } {
  const fields = new Fields(readInside(field));
  const time = (): Date => readTime(fields.optional(derTag.utcTime) ?? fields.next(derTag.generalizedTime));
  const validity = { notBefore: time(), notAfter: time() };
  fields.end();
  return validity;
}

type Described = Pick<
  JudgedCertificate,
  'basicConstraints' | 'keyUsage' | 'alternativeNames' | 'nameConstraints' | 'unknownCriticalExtensions'
>;

function describeExtensions(extensions: Extensions): Described {
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
    alternativeNames: read(alternativeName, readAlternativeNames) ?? noNames,
    nameConstraints: read(nameConstraints, readNameConstraints),
    unknownCriticalExtensions: unknownCritical(extensions, knownExtensions),
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

/** Bit 0 is digitalSignature, bit 5 keyCertSign, bit 6 cRLSign (RFC 5280, section 4.2.1.3). */
function readKeyUsage(value: Uint8Array): JudgedKeyUsage {
  const [flags = 0] = readBits(readOnly(value, derTag.bitString)).bytes;
  const has = (bit: number): boolean => (flags & (0x80 >> bit)) !== 0;
  return { digitalSignature: has(0), keyCertSign: has(5), cRLSign: has(6) };
}

function readAlternativeNames(value: Uint8Array): GeneralNames {
  try {
    return readGeneralNames(readInside(readOnly(value)));
  } catch {
    throw malformed('its alternative names cannot be read');
  }
}

function readNameConstraints(value: Uint8Array): NameConstraints {
  try {
    return readConstraints(new Fields(readInside(readOnly(value))));
  } catch {
    throw malformed('its name constraints cannot be read');
  }
}

/** NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL } */
function readConstraints(fields: Fields): NameConstraints {
  const [permitted, excluded] = [fields.optional(outer(0)), fields.optional(outer(1))];
  fields.end();
  return { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) };
}

/**
 * GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }. The last two have no use
 * (RFC 5280, section 4.2.1.10), and OpenSSL does not take them either.
 */
function readSubtrees(field: DerElement | undefined): GeneralNames {
  const subtrees = field === undefined ? [] : readElements(field.content).map((subtree) => readInside(subtree));
  if (subtrees.some((parts) => parts.length !== 1)) throw malformed('a name constraint has a minimum or a maximum');
  return readGeneralNames(subtrees.flat());
}
