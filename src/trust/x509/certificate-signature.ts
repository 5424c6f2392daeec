import type { AlgorithmIdentifier, JudgedCertificate } from './certificate.ts';
import {
  type DerElement,
  derTag,
  Fields,
  malformed,
  readInside,
  readInteger,
  readObjectIdentifier,
  readOnly,
} from './der.ts';
import { mlDsaKeyNames, readPublicKey } from './public-key.ts';
import { type HashName, type VerificationScheme, verifyWithKey } from './verify-signature.ts';

/** Signature algorithms of certificates by object identifier (RFC 4055, RFC 5758). */
const schemes: Readonly<Record<string, VerificationScheme>> = {
  '1.2.840.113549.1.1.4': { kind: 'RSA-PKCS1', hash: 'MD5' },
  '1.2.840.113549.1.1.5': { kind: 'RSA-PKCS1', hash: 'SHA-1' },
  '1.2.840.113549.1.1.14': { kind: 'RSA-PKCS1', hash: 'SHA-224' },
  '1.2.840.113549.1.1.11': { kind: 'RSA-PKCS1', hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { kind: 'RSA-PKCS1', hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { kind: 'RSA-PKCS1', hash: 'SHA-512' },
  '1.2.840.10045.4.1': { kind: 'ECDSA', hash: 'SHA-1' },
  '1.2.840.10045.4.3.1': { kind: 'ECDSA', hash: 'SHA-224' },
  '1.2.840.10045.4.3.2': { kind: 'ECDSA', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { kind: 'ECDSA', hash: 'SHA-384' },
  '1.2.840.10045.4.3.4': { kind: 'ECDSA', hash: 'SHA-512' },
};

const rsassaPss = '1.2.840.113549.1.1.10';

const hashes: Readonly<Record<string, HashName>> = {
  '1.3.14.3.2.26': 'SHA-1',
  '2.16.840.1.101.3.4.2.4': 'SHA-224',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
};

const strongHashes: ReadonlySet<HashName> = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

/**
 * Why the signature is too weak or unknown to be relied on, or undefined when it is not:
 * SHA-256 or stronger is asked for (user guide, certificate constraints).
 */
export function weakSignature({ signatureAlgorithm }: Signed): string | undefined {
  const scheme = schemeOf(signatureAlgorithm);
  if (scheme === undefined) return `its signature algorithm ${signatureAlgorithm.oid} is not known`;
  if (scheme.kind === 'ML-DSA' || strongHashes.has(scheme.hash)) return undefined;
  return `it is signed with ${scheme.hash}; SHA-256 or stronger is needed`;
}

/** `ECDSA with SHA-256`; the object identifier of what is not known. */
export function signatureName(algorithm: AlgorithmIdentifier): string {
  const scheme = schemeOf(algorithm);
  if (scheme === undefined) return algorithm.oid;
  return scheme.kind === 'ML-DSA'
    ? (mlDsaKeyNames[algorithm.oid] ?? scheme.kind)
    : `${scheme.kind} with ${scheme.hash}`;
}

/** What a CA signed: a certificate or a CRL. */
export type Signed = Pick<JudgedCertificate, 'signedPart' | 'signatureAlgorithm' | 'signature'>;

/** Whether the key of `issuer` made the signature. To be called in `withVerifiers`. */
export function isSignedByKeyOf(signed: Signed, issuer: JudgedCertificate): boolean {
  const scheme = schemeOf(signed.signatureAlgorithm);
  const key = readPublicKey(issuer.publicKeyInfo);
  if (scheme === undefined || 'problem' in key) return false;
  return verifyWithKey(key, { scheme, message: signed.signedPart, signature: signed.signature });
}

/** By the issuer, and by what it signed. */
const verified = new WeakMap<JudgedCertificate, WeakMap<Signed, boolean>>();

/**
 * The same for what is asked for again and again: the certificate of a CA is part of every path below it, and its CRL is
 * looked into for each.
 */
export function isKnownSignedByKeyOf(signed: Signed, issuer: JudgedCertificate): boolean {
  const known = verified.get(issuer) ?? new WeakMap<Signed, boolean>();
  const before = known.get(signed);
  if (before !== undefined) return before;
  const isSigned = isSignedByKeyOf(signed, issuer);
  verified.set(issuer, known.set(signed, isSigned));
  return isSigned;
}

/**
 * AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } (RFC 5280, section 4.1.1.2)
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readAlgorithm(element: DerElement): AlgorithmIdentifier {
  const [oid, parameters, ...more] = readInside(element);
  if (more.length > 0) throw malformed('an algorithm has more than parameters');
  return { oid: readObjectIdentifier(oid), parameters: parameters?.raw ?? new Uint8Array() };
}

/**
 * Whether known or not, an algorithm has to be readable, before anybody asks for it.
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function checkSignatureAlgorithm(algorithm: AlgorithmIdentifier): void {
  schemeOf(algorithm);
}

function schemeOf(algorithm: AlgorithmIdentifier): VerificationScheme | undefined {
  if (mlDsaKeyNames[algorithm.oid] !== undefined) return { kind: 'ML-DSA' };
  if (algorithm.oid === rsassaPss) return readPssScheme(algorithm.parameters);
  return schemes[algorithm.oid];
}

/**
 * RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1], saltLength [2] DEFAULT 20,
 * trailerField [3] } (RFC 4055, section 3.1)
 */
function readPssScheme(parameters: Uint8Array): VerificationScheme | undefined {
  const fields = parameters.length === 0 ? [] : readInside(readOnly(parameters));
  const [hashField, , saltField] = takeInOrder(fields, [0xa0, 0xa1, 0xa2]);
  const salt = saltField === undefined ? 20n : readInteger(readOnly(saltField.content, derTag.integer));
  if (fields.length > 4 || salt < 0n || salt > longestSalt) throw malformed('the RSASSA-PSS parameters are none');
  if (hashField === undefined) return { kind: 'RSA-PSS', hash: 'SHA-1' };
  const hash = hashes[readObjectIdentifier(readInside(readOnly(hashField.content))[0])];
  return hash === undefined ? undefined : { kind: 'RSA-PSS', hash };
}

/** Bytes; a salt as long as the hash is usual. */
const longestSalt = 1024n;

function takeInOrder(elements: readonly DerElement[], tags: readonly number[]): (DerElement | undefined)[] {
  const fields = new Fields(elements);
  return tags.map((tag) => fields.optional(tag));
}
