import type { Certificate } from './certificate.ts';
import { elementsOf, onlyElement } from './der.ts';
import { describePublicKey, isSupported } from './public-key.ts';
import { isStrong, readSignatureAlgorithm } from './signature-algorithm.ts';

/** Why Roles Anywhere would refuse a leaf, as the error code that says so. */
export type LeafFault =
  | 'CERTIFICATE_KEY_UNSUPPORTED'
  | 'CERTIFICATE_VERSION'
  | 'CERTIFICATE_INVALID'
  | 'CERTIFICATE_IS_CA'
  | 'CERTIFICATE_KEY_USAGE'
  | 'CERTIFICATE_HASH_WEAK'
  | 'CERTIFICATE_NOT_YET_VALID'
  | 'CERTIFICATE_EXPIRED';

type Rule = readonly [fault: LeafFault, isBroken: (leaf: Certificate, now: Date) => boolean];

/** What the service asks of an end-entity certificate (user guide, "trust model"); it refuses all with the same words. */
const rules: readonly Rule[] = [
  ['CERTIFICATE_KEY_UNSUPPORTED', (leaf) => !isSupported(describePublicKey(leaf.publicKeyInfo))],
  ['CERTIFICATE_VERSION', (leaf) => leaf.version !== 3],
  ['CERTIFICATE_INVALID', (leaf) => elementsOf(onlyElement(leaf.subject).contents).length === 0],
  ['CERTIFICATE_IS_CA', (leaf) => leaf.basicConstraints?.ca === true],
  ['CERTIFICATE_KEY_USAGE', (leaf) => leaf.keyUsage?.has('digitalSignature') !== true],
  ['CERTIFICATE_HASH_WEAK', (leaf) => !hasStrongHash(leaf)],
  ['CERTIFICATE_NOT_YET_VALID', (leaf, now) => now < leaf.notBefore],
  ['CERTIFICATE_EXPIRED', (leaf, now) => now > leaf.notAfter],
];

/** The first rule that the leaf breaks, or undefined; its chain is not looked at. */
export function faultOf(leaf: Certificate, now: Date): LeafFault | undefined {
  return rules.find(([, isBroken]) => isBroken(leaf, now))?.[0];
}

/** @throws Problem with a LeafFault as its code */
export async function checkLeaf(leaf: Certificate, now: Date): Promise<void> {
  const fault = faultOf(leaf, now);
  if (fault === undefined) return;
  const { explainLeaf } = await import('./explain-leaf.ts');
  throw explainLeaf(leaf, fault, now);
}

function hasStrongHash(leaf: Certificate): boolean {
  const algorithm = readSignatureAlgorithm(leaf.signatureAlgorithm, leaf.signatureParameters);
  return algorithm !== undefined && isStrong(algorithm);
}
