import type { JudgedCertificate } from './certificate.ts';
import { weakSignature } from './certificate-signature.ts';
import { readPublicKey } from './public-key.ts';
import { type Violation, violationsOf } from './violation.ts';

/**
 * Every rule for end-entity certificates that the leaf breaks (user guide, trust model, signature verification); empty
 * when Roles Anywhere would take it. Whether it is valid now, and who issued it, is `findPath`'s to say.
 */
export function leafViolations(leaf: JudgedCertificate): Violation[] {
  return violationsOf(leaf, [
    ['version', leaf.version === 3 ? undefined : `the leaf is X.509 v${leaf.version}; v3 is needed`],
    ['basic-constraints', leaf.basicConstraints?.ca === true ? 'the leaf is a CA certificate (CA:TRUE)' : undefined],
    ['key-usage', leaf.keyUsage?.digitalSignature === true ? undefined : 'the leaf has no digitalSignature key usage'],
    ['hash', prefixed('the leaf cannot be relied on', weakSignature(leaf))],
    ['subject', leaf.subject.attributes.length > 0 ? undefined : 'the leaf has an empty subject'],
    ['key', prefixed('the key of the leaf is unsuitable', keyProblem(leaf))],
  ]);
}

function prefixed(what: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${what}: ${problem}`;
}

/** Why a certificate's key is none that Roles Anywhere takes; undefined when it is one. */
export function keyProblem(certificate: JudgedCertificate): string | undefined {
  const key = readPublicKey(certificate.publicKeyInfo);
  return 'problem' in key ? key.problem : undefined;
}
