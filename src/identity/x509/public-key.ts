import { uncompressedPoint } from '../../runtime/node/crypto.ts';
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

const minRsaBits = 2048;
const maxRsaBits = 8192;

/** Whether Roles Anywhere knows such keys (user guide, "trust model" and "signature process"). */
export function isSupported(description: PublicKeyDescription): boolean {
  if (description.family !== 'RSA') return description.family !== 'other';
  return description.bits >= minRsaBits && description.bits <= maxRsaBits;
}

/** Key type as `read-certificate-data` prints it: `RSA`, `EC`, `ML-DSA-44`, …; undefined for one that is not known. */
export function keyTypeOf(publicKeyInfo: Uint8Array): 'RSA' | 'EC' | MlDsaName | undefined {
  const description = describePublicKey(publicKeyInfo);
  if (description.family === 'other') return undefined;
  return description.family === 'ML-DSA' ? description.name : description.family;
}

const uncompressed = 0x04;
const namesOfCurves = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' } as const;

/**
 * The key itself out of its SubjectPublicKeyInfo: DER RSAPublicKey for RSA, the point `04 ‖ X ‖ Y` for EC, the raw key
 * for ML-DSA.
 */
export function publicKeyBytes(publicKeyInfo: Uint8Array): Uint8Array {
  const bytes = wholeBytesOf(sequenceOf(onlyElement(publicKeyInfo))[1]);
  const description = describePublicKey(publicKeyInfo);
  if (description.family !== 'EC' || bytes[0] === uncompressed) return bytes;
  // What is no point of the curve stays as it is, and equals that of no key.
  return uncompressedPoint(bytes, namesOfCurves[description.curve]) ?? bytes;
}

/** Algorithms and curves that Roles Anywhere does not know, by object identifier. */
const otherNames: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.10040.4.1': 'DSA',
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
  '1.3.132.0.10': 'EC secp256k1',
  '1.2.840.10045.3.1.1': 'EC P-192',
  '1.3.132.0.33': 'EC P-224',
  '1.3.36.3.3.2.8.1.1.7': 'EC brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'EC brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'EC brainpoolP512r1',
};

const explicitCurve = 'EC (curve spelled out)';

const reasons: Readonly<Record<string, string>> = {
  X25519: 'X25519 keys cannot sign',
  X448: 'X448 keys cannot sign',
  [explicitCurve]: 'EC keys must name their curve, and this one spells it out',
  'RSA-PSS': 'RSA-PSS keys cannot make the PKCS#1 v1.5 signatures that Roles Anywhere asks for',
};

/** `RSA 2048`, `EC P-256`, `ML-DSA-65`, `Ed25519`: for messages. */
export function nameOfPublicKey(description: PublicKeyDescription): string {
  if (description.family === 'RSA') return `RSA ${description.bits}`;
  if (description.family === 'EC') return `EC ${description.curve}`;
  if (description.family === 'ML-DSA') return description.name;
  if (description.oid === undefined) return explicitCurve;
  return otherNames[description.oid] ?? `algorithm ${description.oid}`;
}

/** Why `isSupported` is false. */
export function whyUnsupported(description: PublicKeyDescription): string {
  const name = nameOfPublicKey(description);
  if (description.family === 'RSA') {
    return `RSA keys must have ${minRsaBits} to ${maxRsaBits} bits, and this one has ${description.bits}`;
  }
  return reasons[name] ?? `Roles Anywhere takes no signatures by ${name} keys`;
}

/** The hint for a key or certificate that is not supported. */
export const supportedKeys = 'use RSA (2048 to 8192 bits), EC (P-256, P-384, P-521) or ML-DSA (44, 65, 87)';
