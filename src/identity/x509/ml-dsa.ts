import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { describePublicKey, type MlDsaName, publicKeyBytes } from './public-key.ts';

export interface SignedMessage {
  readonly message: Uint8Array;
  /** In the wire form of Signer.sign. */
  readonly signature: Uint8Array;
}

/** FIPS 204 in JavaScript, for Node before 24.6. Load it only when node:crypto cannot. */
export const mlDsaByName = {
  'ML-DSA-44': ml_dsa44,
  'ML-DSA-65': ml_dsa65,
  'ML-DSA-87': ml_dsa87,
} as const satisfies Record<MlDsaName, unknown>;

export function verifyMlDsa(publicKeyInfo: Uint8Array, { message, signature }: SignedMessage): boolean {
  const description = describePublicKey(publicKeyInfo);
  if (description.family !== 'ML-DSA') return false;
  const scheme = mlDsaByName[description.name];
  const publicKey = publicKeyBytes(publicKeyInfo);
  if (publicKey.length !== scheme.lengths.publicKey || signature.length !== scheme.lengths.signature) return false;
  return scheme.verify(signature, message, publicKey);
}
