import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509';
import { RolesAnywhereError } from '../errors.ts';
import type { AlgorithmIdentifier, Certificate, DistinguishedName } from './certificate.ts';
import { type DerElement, derTag, malformed, readElements, readObjectIdentifier } from './der.ts';

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
const attributeNames: Record<string, string> = {
  CN: '2.5.4.3',
  SURNAME: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  GIVENNAME: '2.5.4.42',
  INITIALS: '2.5.4.43',
  GENERATION: '2.5.4.44',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  E: '1.2.840.113549.1.9.1',
};

/**
 * Reads one certificate from its DER.
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readCertificate(der: Uint8Array): Certificate {
  const parts = splitCertificate(der);
  try {
    return describe(der, parts, new X509Certificate(Uint8Array.from(der)));
  } catch (cause) {
    throw new RolesAnywhereError('CERTIFICATE_INVALID', 'the certificate cannot be read', { cause });
  }
}

/**
 * Reads every certificate of a PEM text, in its order.
 * @throws RolesAnywhereError CERTIFICATE_INVALID, also when there is none
 */
export function readCertificates(pem: string): Certificate[] {
  const blocks = pemBlocks(pem).filter((block) => block.type.endsWith('CERTIFICATE'));
  if (blocks.length === 0) throw new RolesAnywhereError('CERTIFICATE_INVALID', 'there is no PEM certificate');
  return blocks.map((block) => readCertificate(new Uint8Array(block.rawData)));
}

function pemBlocks(pem: string): { type: string; rawData: ArrayBuffer }[] {
  try {
    return PemConverter.decodeWithHeaders(pem.replaceAll('\r\n', '\n'));
  } catch (cause) {
    throw new RolesAnywhereError('CERTIFICATE_INVALID', 'the PEM cannot be read', { cause });
  }
}

interface CertificateParts {
  readonly signedPart: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly version: number;
  readonly serialNumber: bigint;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly publicKeyInfo: Uint8Array;
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280, section 4.1). */
function splitCertificate(der: Uint8Array): CertificateParts {
  const outer = readElements(der);
  const [certificate] = outer;
  if (outer.length !== 1 || certificate?.tag !== derTag.sequence) throw malformed('it is not one SEQUENCE');
  const [signedPart, algorithm, signature] = readElements(certificate.content);
  if (signedPart === undefined || algorithm === undefined || signature?.tag !== derTag.bitString) {
    throw malformed('a part is missing');
  }
  const fields = readElements(signedPart.content);
  // version [0] EXPLICIT INTEGER DEFAULT v1
  const explicitVersion = fields[0]?.tag === 0xa0 ? fields.shift() : undefined;
  const [serialNumber, innerAlgorithm, issuer, , subject, publicKeyInfo] = fields;
  if (serialNumber === undefined || issuer === undefined || subject === undefined || publicKeyInfo === undefined) {
    throw malformed('a field of the signed part is missing');
  }
  // RFC 5280, section 4.1.1.2: both algorithm fields must be the same.
  if (innerAlgorithm === undefined || !Buffer.from(innerAlgorithm.raw).equals(algorithm.raw)) {
    throw malformed('the two signature algorithms differ');
  }
  return {
    signedPart: signedPart.raw,
    signatureAlgorithm: readAlgorithm(algorithm),
    signature: signature.content.subarray(1),
    version: explicitVersion === undefined ? 1 : 1 + (readElements(explicitVersion.content)[0]?.content[0] ?? 0),
    serialNumber: BigInt(`0x${Buffer.from(serialNumber.content).toString('hex') || '0'}`),
    issuer: issuer.raw,
    subject: subject.raw,
    publicKeyInfo: publicKeyInfo.raw,
  };
}

function readAlgorithm(element: DerElement): AlgorithmIdentifier {
  const [oid, parameters] = readElements(element.content);
  return { oid: readObjectIdentifier(oid), parameters: parameters?.raw ?? new Uint8Array() };
}

function describe(der: Uint8Array, parts: CertificateParts, certificate: X509Certificate): Certificate {
  const basicConstraints = certificate.getExtension(BasicConstraintsExtension);
  const keyUsage = certificate.getExtension(KeyUsagesExtension);
  return {
    ...parts,
    der,
    issuer: readName(parts.issuer),
    subject: readName(parts.subject),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    basicConstraints:
      basicConstraints === null ? undefined : { ca: basicConstraints.ca, pathLength: basicConstraints.pathLength },
    keyUsage: keyUsage === null ? undefined : describeKeyUsage(keyUsage.usages),
    alternativeNames: describeAlternativeNames(certificate.getExtension(SubjectAlternativeNameExtension)),
    unknownCriticalExtensions: unknownCritical(certificate.extensions),
  };
}

function readName(der: Uint8Array): DistinguishedName {
  return describeName(der, new Name(Uint8Array.from(der), attributeNames));
}

function describeName(der: Uint8Array, name: Name): DistinguishedName {
  const attributes = name
    .toJSON()
    .flatMap((rdn) => Object.entries(rdn).flatMap(([type, values]) => values.map((value) => ({ type, value }))));
  return { der, attributes, text: name.toString() };
}

function describeKeyUsage(flags: number): { digitalSignature: boolean; keyCertSign: boolean } {
  return {
    digitalSignature: (flags & KeyUsageFlags.digitalSignature) !== 0,
    keyCertSign: (flags & KeyUsageFlags.keyCertSign) !== 0,
  };
}

function describeAlternativeNames(extension: SubjectAlternativeNameExtension | null): Certificate['alternativeNames'] {
  const items = extension?.names.items ?? [];
  const values = (type: string): string[] => items.filter((item) => item.type === type).map((item) => item.value);
  return {
    dns: values('dns'),
    uri: values('url'),
    directory: items.filter((item) => item.type === 'dn').map((item) => readDirectoryName(item.rawData)),
  };
}

/** directoryName [4] EXPLICIT Name (RFC 5280, section 4.2.1.6). */
function readDirectoryName(generalName: ArrayBuffer): DistinguishedName {
  const [wrapper] = readElements(new Uint8Array(generalName));
  if (wrapper === undefined) throw malformed('a directory name is empty');
  return readName(wrapper.content);
}

function unknownCritical(extensions: readonly Extension[]): string[] {
  return extensions
    .filter((extension) => extension.critical && !knownExtensions.has(extension.type))
    .map((extension) => extension.type);
}
