import { RolesAnywhereError } from '../../core/errors.ts';
import { checkSignatureAlgorithm, readAlgorithm } from './certificate-signature.ts';
import {
  type DerElement,
  derTag,
  Fields,
  isTrue,
  malformed,
  outer,
  plain,
  readElements,
  readInside,
  readInteger,
  readOnly,
  readTime,
  readWholeBits,
} from './der.ts';
import type { DistinguishedName } from './certificate.ts';
import { isSameName, readName } from './distinguished-name.ts';
import { explicitExtensions, type Extensions, readExtensions, unknownCritical } from './extensions.ts';
import { readGeneralNames } from './general-names.ts';
import { decodeBlock } from './pem.ts';
import type { CrlScope, RevocationList, RevocationReason, RevokedEntry } from './revocation-list.ts';

const crlNumber = '2.5.29.20';
const reasonCode = '2.5.29.21';
const deltaIndicator = '2.5.29.27';
const issuingDistributionPoint = '2.5.29.28';
const certificateIssuer = '2.5.29.29';
const authorityKeyIdentifier = '2.5.29.35';

/** Those of them that are there narrow or widen the list, and are told by its scopes. */
const knownExtensions: ReadonlySet<string> = new Set([
  crlNumber,
  deltaIndicator,
  issuingDistributionPoint,
  authorityKeyIdentifier,
]);
const knownEntryExtensions: ReadonlySet<string> = new Set([reasonCode, certificateIssuer, '2.5.29.24']);

/** By their numbers; 7 is not used. */
const reasons: readonly (RevocationReason | undefined)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];

/**
 * Reads a CRL from PEM (RFC 7468, section 5; text around it is passed over) or DER (RFC 5280, section 5.1). Whether it is
 * one that can be used is `crlViolations`' to say.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { decodeCrl } from 'roles-anywhere/trust';
 *
 * const crl = decodeCrl(readFileSync('ca.crl'));
 * console.log(crl.issuer.text, crl.number, crl.nextUpdate, crl.revoked.size);
 * ```
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function decodeCrl(given: string | Uint8Array): RevocationList {
  const bytes = typeof given === 'string' ? Buffer.from(given, 'latin1') : given;
  // DER begins with the tag of a SEQUENCE, which is a digit in ASCII: text of PEM begins before or after it.
  const pem = Buffer.from(bytes).toString('latin1');
  const isPem = pem.includes('-----BEGIN');
  try {
    const read = readList(isPem ? readPem(pem) : bytes);
    return { encoding: isPem ? 'PEM' : 'DER', size: bytes.length, ...read };
  } catch (error) {
    const why = error instanceof RolesAnywhereError ? error.message.replace('of the certificate ', '') : '';
    throw new RolesAnywhereError('CERTIFICATE_INVALID', `the CRL cannot be read: ${why}`);
  }
}

function readPem(text: string): Uint8Array {
  const blocks = [...text.matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g)];
  const [block, ...more] = blocks;
  if (block === undefined) throw invalid('there is no PEM block of the label X509 CRL');
  if (more.length > 0) throw invalid(`there are ${blocks.length} CRLs; each has to be given by itself`);
  return decodeBlock(block[1] ?? '');
}

/** CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue } */
function readList(der: Uint8Array): Omit<RevocationList, 'encoding' | 'size'> {
  const whole = new Fields(readInside(readOnly(der)));
  const signedPart = whole.next(derTag.sequence);
  const algorithm = whole.next(derTag.sequence);
  const signature = readWholeBits(whole.next(derTag.bitString));
  whole.end();
  const signatureAlgorithm = readAlgorithm(algorithm);
  checkSignatureAlgorithm(signatureAlgorithm);
  return { signedPart: signedPart.raw, signatureAlgorithm, signature, ...readSigned(signedPart, algorithm) };
}

type SignedPart = Omit<RevocationList, 'encoding' | 'size' | 'signedPart' | 'signatureAlgorithm' | 'signature'>;

function readSigned(signedPart: DerElement, algorithm: DerElement): SignedPart {
  const fields = new Fields(readInside(signedPart));
  const version = fields.optional(derTag.integer);
  if (version !== undefined && readInteger(version) !== 1n) throw malformed('its version is neither 1 nor 2');
  if (!Buffer.from(fields.next(derTag.sequence).raw).equals(algorithm.raw)) {
    throw malformed('the two signature algorithms differ');
  }
  const issuer = readName(fields.next(derTag.sequence));
  const thisUpdate = readTime(fields.optional(derTag.utcTime) ?? fields.next(derTag.generalizedTime));
  const nextUpdate = fields.optional(derTag.utcTime) ?? fields.optional(derTag.generalizedTime);
  const entries = fields.optional(derTag.sequence);
  const extensions = explicitExtensions(fields.optional(outer(0)));
  fields.end();
  const read = readEntries(entries, issuer);
  return {
    version: version === undefined ? 1 : 2,
    issuer,
    thisUpdate,
    nextUpdate: nextUpdate === undefined ? undefined : readTime(nextUpdate),
    number: readNumber(extensions),
    revoked: read.revoked,
    scopes: [...scopesOf(extensions), ...(read.isIndirect ? (['indirect'] as const) : [])],
    unknownCriticalExtensions: [...unknownCritical(extensions, knownExtensions), ...read.unknown],
  };
}

function readNumber(extensions: Extensions): bigint | undefined {
  const number = extensions.get(crlNumber);
  return number === undefined ? undefined : readInteger(readOnly(number.value, derTag.integer));
}

interface Entries {
  readonly revoked: ReadonlyMap<bigint, RevokedEntry>;
  /** An entry says that another CA issued its certificate. */
  readonly isIndirect: boolean;
  readonly unknown: readonly string[];
}

/** An entry's certificateIssuer holds for those after it, too (RFC 5280, section 5.3.3). */
function readEntries(list: DerElement | undefined, ownIssuer: DistinguishedName): Entries {
  const revoked = new Map<bigint, RevokedEntry>();
  const found = { isIndirect: false, unknown: new Set<string>() };
  let issuer: DistinguishedName | undefined = ownIssuer;
  for (const element of list === undefined ? [] : readInside(list)) {
    const fields = new Fields(readInside(element));
    const serialNumber = readInteger(fields.next(derTag.integer));
    const revokedAt = readTime(fields.optional(derTag.utcTime) ?? fields.next(derTag.generalizedTime));
    const extensions = readExtensions(fields.optional(derTag.sequence));
    fields.end();
    const named = extensions.get(certificateIssuer);
    if (named !== undefined) issuer = readCertificateIssuer(named.value);
    found.isIndirect ||= named !== undefined;
    const reason = readReason(extensions);
    if (issuer === undefined || isSameName(issuer, ownIssuer)) revoked.set(serialNumber, { revokedAt, reason });
    for (const oid of unknownCritical(extensions, knownEntryExtensions)) found.unknown.add(oid);
  }
  return { revoked, isIndirect: found.isIndirect, unknown: [...found.unknown] };
}

/** Undefined where the names are of another kind than a directory has: then the entry is taken for the list's own. */
function readCertificateIssuer(value: Uint8Array): DistinguishedName | undefined {
  return readGeneralNames(readInside(readOnly(value))).directory[0];
}

function readReason(extensions: Extensions): RevocationReason {
  const extension = extensions.get(reasonCode);
  if (extension === undefined) return 'unspecified';
  const reason = reasons[Number(readInteger(readOnly(extension.value, derTag.enumerated)))];
  if (reason === undefined) throw malformed('the reason of an entry is none');
  return reason;
}

function scopesOf(extensions: Extensions): CrlScope[] {
  const point = extensions.get(issuingDistributionPoint);
  return [
    ...(extensions.has(deltaIndicator) ? (['delta'] as const) : []),
    ...(point === undefined ? [] : readDistributionPoint(point.value)),
  ];
}

/**
 * IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0], onlyContainsUserCerts [1], onlyContainsCACerts [2],
 * onlySomeReasons [3], indirectCRL [4], onlyContainsAttributeCerts [5] } (RFC 5280, section 5.2.5)
 */
function readDistributionPoint(value: Uint8Array): CrlScope[] {
  const fields = new Fields(readInside(readOnly(value)));
  const isSet = (number: number): boolean => isTrue(fields.optional(plain(number)));
  const name = fields.optional(outer(0));
  const [user, ca] = [isSet(1), isSet(2)];
  const someReasons = fields.optional(plain(3)) !== undefined;
  const [indirect, attribute] = [isSet(4), isSet(5)];
  fields.end();
  if (name !== undefined) readElements(name.content);
  const scopes: readonly (readonly [CrlScope, boolean])[] = [
    ['distribution-point', name !== undefined],
    ['user-certificates', user],
    ['ca-certificates', ca],
    ['some-reasons', someReasons],
    ['indirect', indirect],
    ['attribute-certificates', attribute],
  ];
  return scopes.flatMap(([scope, holds]) => (holds ? [scope] : []));
}

function invalid(message: string): RolesAnywhereError {
  return new RolesAnywhereError('CERTIFICATE_INVALID', message);
}
