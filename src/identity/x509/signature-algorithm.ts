import { constructed, objectIdentifierOf, onlyElement, sequenceOf, smallIntegerOf, takeIf } from './der.ts';
import { mlDsaNames } from './public-key.ts';

/** How a certificate is signed. */
export interface CertificateSignature {
  /** As node:crypto names it; undefined where the scheme hashes by itself. */
  readonly hash: string | undefined;
  /** Bytes of salt, for RSASSA-PSS only. */
  readonly pssSaltLength?: number;
}

const rsassaPss = '1.2.840.113549.1.1.10';

/** Object identifiers below an arc: their last numbers, from one on, mean these names. */
const below = (arc: string, first: number, ...names: readonly string[]): readonly (readonly [string, string])[] =>
  names.map((name, at) => [`${arc}.${first + at}`, name]);

const sha3 = ['sha3-256', 'sha3-384', 'sha3-512'];
const nistAlgorithms = '2.16.840.1.101.3.4';

/** Signature algorithms by object identifier (RFC 3279, RFC 5758, RFC 8410, RFC 8692, NIST CSOR). */
const hashes: ReadonlyMap<string, string> = new Map([
  ...below('1.2.840.113549.1.1', 4, 'md5', 'sha1'),
  ...below('1.2.840.113549.1.1', 11, 'sha256', 'sha384', 'sha512', 'sha224'),
  ...below('1.2.840.10045.4', 1, 'sha1'),
  ...below('1.2.840.10045.4.3', 1, 'sha224', 'sha256', 'sha384', 'sha512'),
  ...below(`${nistAlgorithms}.3`, 10, ...sha3),
  ...below(`${nistAlgorithms}.3`, 14, ...sha3),
]);

/** The hashes themselves, as RSASSA-PSS-params name them (RFC 4055, section 2.1). */
const pssHashes: ReadonlyMap<string, string> = new Map([
  ...below('1.3.14.3.2', 26, 'sha1'),
  ...below(`${nistAlgorithms}.2`, 1, 'sha256', 'sha384', 'sha512', 'sha224'),
  ...below(`${nistAlgorithms}.2`, 8, ...sha3),
]);

/** ML-DSA, Ed25519 and Ed448. */
const withoutHash: ReadonlySet<string> = new Set([...Object.keys(mlDsaNames), '1.3.101.112', '1.3.101.113']);

const weakHashes: ReadonlySet<string> = new Set(['md5', 'sha1', 'sha224']);

/** Undefined for an algorithm that is not known here. */
export function readSignatureAlgorithm(
  identifier: string,
  parameters: Uint8Array | undefined,
): CertificateSignature | undefined {
  if (withoutHash.has(identifier)) return { hash: undefined };
  if (identifier === rsassaPss) return readPss(parameters);
  const hash = hashes.get(identifier);
  return hash === undefined ? undefined : { hash };
}

/** Whether the hash is SHA-256 or better, as the service asks for (user guide, "trust model"). */
export function isStrong(algorithm: CertificateSignature): boolean {
  return algorithm.hash === undefined || !weakHashes.has(algorithm.hash);
}

/**
 * RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1], saltLength [2] DEFAULT 20,
 * trailerField [3] } (RFC 4055, section 3.1). The mask's hash is the same one in practice; node:crypto can verify no
 * other.
 */
function readPss(parameters: Uint8Array | undefined): CertificateSignature | undefined {
  const fields = parameters === undefined ? [] : sequenceOf(onlyElement(parameters), 4);
  const [hashField, , saltField] = [0, 1, 2].map((number) => takeIf(fields, constructed(number)));
  const hash =
    hashField === undefined
      ? 'sha1'
      : pssHashes.get(objectIdentifierOf(sequenceOf(onlyElement(hashField.contents))[0]));
  const pssSaltLength = saltField === undefined ? 20 : smallIntegerOf(onlyElement(saltField.contents), 1024);
  return hash === undefined ? undefined : { hash, pssSaltLength };
}
