import type { JudgedCertificate } from './certificate.ts';
import { weakSignature } from './certificate-signature.ts';
import { readPublicKey } from './public-key.ts';

/** A rule for end-entity certificates that a leaf breaks (user guide, trust model, signature verification). */
type LeafConstraint = 'version' | 'basic-constraints' | 'key-usage' | 'signature' | 'subject' | 'key';

export interface LeafViolation {
  readonly constraint: LeafConstraint;
  /** What was found, in the words of an error message: lower case, no full stop. */
  readonly reason: string;
}

/** Every rule for end-entity certificates that the leaf breaks; empty when Roles Anywhere would take it. */
export function leafViolations(leaf: JudgedCertificate): LeafViolation[] {
  const found: readonly [LeafConstraint, string | undefined][] = [
    ['version', leaf.version === 3 ? undefined : `the leaf is X.509 v${leaf.version}; v3 is needed`],
    ['basic-constraints', leaf.basicConstraints?.ca === true ? 'the leaf is a CA certificate (CA:TRUE)' : undefined],
    ['key-usage', leaf.keyUsage?.digitalSignature === true ? undefined : 'the leaf has no digitalSignature key usage'],
    ['signature', prefixed(weakSignature(leaf))],
    ['subject', leaf.subject.attributes.length > 0 ? undefined : 'the leaf has an empty subject'],
    ['key', keyProblem(leaf)],
  ];
  return found.flatMap(([constraint, reason]) => (reason === undefined ? [] : [{ constraint, reason }]));
}

function prefixed(problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `the leaf cannot be relied on: ${problem}`;
}

function keyProblem(leaf: JudgedCertificate): string | undefined {
  const key = readPublicKey(leaf.publicKeyInfo);
  return 'problem' in key ? `the key of the leaf is unsuitable: ${key.problem}` : undefined;
}
