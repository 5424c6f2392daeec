import { ECDH } from 'node:crypto';
import { onlyElement, sequenceOf, wholeBytesOf } from './der.ts';
import { describePublicKey, type MlDsaName } from './public-key.ts';

/** Key type as `read-certificate-data` prints it: `RSA`, `EC`, `ML-DSA-44`, …; undefined for one that is not known. */
export function keyTypeOf(publicKeyInfo: Uint8Array): 'RSA' | 'EC' | MlDsaName | undefined {
  const description = describePublicKey(publicKeyInfo);
  if (description.family === 'other') return undefined;
  return description.family === 'ML-DSA' ? description.name : description.family;
}

const uncompressedPoint = 0x04;
const curveNames = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' } as const;

/**
 * The key itself out of its SubjectPublicKeyInfo: DER RSAPublicKey for RSA, the point `04 ‖ X ‖ Y` for EC, the raw key
 * for ML-DSA.
 */
export function publicKeyBytes(publicKeyInfo: Uint8Array): Uint8Array {
  const bytes = wholeBytesOf(sequenceOf(onlyElement(publicKeyInfo))[1]);
  const description = describePublicKey(publicKeyInfo);
  if (description.family !== 'EC' || bytes[0] === uncompressedPoint) return bytes;
  return uncompressed(bytes, curveNames[description.curve]);
}

/** What is no point of the curve stays as it is, and equals that of no key. */
function uncompressed(point: Uint8Array, curve: string): Uint8Array {
  try {
    return Buffer.from(ECDH.convertKey(point, curve, undefined, 'hex', 'uncompressed').toString(), 'hex');
  } catch {
    return point;
  }
}
