import type { Certificate } from './certificate.ts';
import { elementsOf, onlyElement } from './der.ts';
import type { LeafFault } from './explain-leaf.ts';
import { describePublicKey, isSupported } from './public-key.ts';
import { isStrong, readSignatureAlgorithm } from './signature-algorithm.ts';

type Rule = readonly [fault: LeafFault, isBroken: (leaf: Certificate, now: Date) => boolean];

const dateRules: readonly Rule[] = [
  ['CERTIFICATE_NOT_YET_VALID', (leaf, now) => now < leaf.notBefore],
  ['CERTIFICATE_EXPIRED', (leaf, now) => now > leaf.notAfter],
];

/**
 * What the service asks of an end-entity certificate (user guide, "trust model"); it refuses all with the same words. This
 * table stops a leaf that cannot do before a request; after a refusal, the one of trust/x509/leaf-constraints.ts says why.
 */
const rules: readonly Rule[] = [
  ['CERTIFICATE_KEY_UNSUPPORTED', (leaf) => !isSupported(describePublicKey(leaf.publicKeyInfo))],
  ['CERTIFICATE_VERSION', (leaf) => leaf.version !== 3],
  ['CERTIFICATE_INVALID', (leaf) => elementsOf(onlyElement(leaf.subject).contents).length === 0],
  ['CERTIFICATE_IS_CA', (leaf) => leaf.basicConstraints?.ca === true],
  ['CERTIFICATE_KEY_USAGE', (leaf) => leaf.keyUsage?.has('digitalSignature') !== true],
  ['CERTIFICATE_HASH_WEAK', (leaf) => !hasStrongHash(leaf)],
  ...dateRules,
];

/** Every rule that the leaf breaks; its chain is not looked at. */
export function faultsOf(leaf: Certificate, now: Date): LeafFault[] {
  return rules.filter(([, isBroken]) => isBroken(leaf, now)).map(([fault]) => fault);
}

/** Of the rules for a leaf, the one that any certificate may break: it is not valid now. */
export function dateFaultOf(certificate: Certificate, now: Date): LeafFault | undefined {
  return dateRules.find(([, isBroken]) => isBroken(certificate, now))?.[0];
}

/** The first rule that the leaf breaks, or undefined. */
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
