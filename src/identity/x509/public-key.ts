import { type Element, objectIdentifierOf, onlyElement, sequenceOf, tags, wholeBytesOf } from './der.ts';

/** A public key as Roles Anywhere sees it. */
export type PublicKeyDescription =
  | { readonly family: 'RSA'; readonly bits: number }
  | { readonly family: 'EC'; readonly curve: 'P-256' | 'P-384' | 'P-521' }
  | { readonly family: 'ML-DSA'; readonly name: MlDsaName }
  /** The object identifier is the algorithm's, or the curve's; undefined for a curve that is spelled out. */
  | { readonly family: 'other'; readonly oid: string | undefined };

export type MlDsaName = 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

const rsaEncryption = '1.2.840.113549.1.1.1';
const ecPublicKey = '1.2.840.10045.2.1';

const curves: Readonly<Record<string, 'P-256' | 'P-384' | 'P-521'>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
};

/** NIST's object identifiers of FIPS 204 keys; the signatures with them have the same. */
export const mlDsaNames: Readonly<Record<string, MlDsaName>> = {
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
};

/** What a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) holds. */
export function describePublicKey(publicKeyInfo: Uint8Array): PublicKeyDescription {
  const [identifier, key] = sequenceOf(onlyElement(publicKeyInfo), 2);
  const algorithm = describeAlgorithm(identifier);
  const bytes = wholeBytesOf(key);
  return algorithm.family === 'RSA' ? { family: 'RSA', bits: modulusBits(bytes) } : algorithm;
}

/** The AlgorithmIdentifier of a public or private key; how long an RSA key is, only the key itself tells. */
export function describeAlgorithm(
  algorithm: Element | undefined,
): Exclude<PublicKeyDescription, { family: 'RSA' }> | { readonly family: 'RSA' } {
  const [identifier, parameters] = sequenceOf(algorithm);
  const oid = objectIdentifierOf(identifier);
  const mlDsa = mlDsaNames[oid];
  if (mlDsa !== undefined) return { family: 'ML-DSA', name: mlDsa };
  if (oid === rsaEncryption) return { family: 'RSA' };
  if (oid !== ecPublicKey) return { family: 'other', oid };
  if (parameters?.tag !== tags.objectIdentifier) return { family: 'other', oid: undefined };
  const curveOid = objectIdentifierOf(parameters);
  const curve = curves[curveOid];
  return curve === undefined ? { family: 'other', oid: curveOid } : { family: 'EC', curve };
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017, A.1.1) */
function modulusBits(publicKey: Uint8Array): number {
  const modulus = sequenceOf(onlyElement(publicKey), 2)[0]?.contents ?? new Uint8Array();
  const start = modulus.findIndex((octet) => octet !== 0);
  return start === -1 ? 0 : (modulus.length - start) * 8 - Math.clz32(modulus[start] ?? 0) + 24;
}

export const minRsaBits = 2048;
export const maxRsaBits = 8192;

/** Whether Roles Anywhere knows such keys (user guide, "trust model" and "signature process"). */
export function isSupported(description: PublicKeyDescription): boolean {
  if (description.family !== 'RSA') return description.family !== 'other';
  return description.bits >= minRsaBits && description.bits <= maxRsaBits;
}
