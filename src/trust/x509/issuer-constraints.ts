import type { JudgedCertificate } from './certificate.ts';
import { weakSignature } from './certificate-signature.ts';
import { keyProblem } from './leaf-constraints.ts';
import { type Violation, violationsOf } from './violation.ts';

/** Certificates in one trust anchor (quotas of Roles Anywhere). */
export const anchorLimit = 2;

/** Every rule that keeps a certificate from issuing others, whoever they are for (RFC 5280, section 6.1.4). */
export function issuerViolations(issuer: JudgedCertificate): readonly Violation[] {
  const known = judged.get(issuer) ?? judgeIssuer(issuer);
  judged.set(issuer, known);
  return known;
}

/** A CA is asked for with every path below it, and does not change. */
const judged = new WeakMap<JudgedCertificate, readonly Violation[]>();

function judgeIssuer(issuer: JudgedCertificate): readonly Violation[] {
  const name = `"${issuer.subject.text}"`;
  return violationsOf(issuer, [
    ['version', issuer.version === 3 ? undefined : `${name} is X.509 v${issuer.version}; a CA certificate must be v3`],
    [
      'basic-constraints',
      issuer.basicConstraints?.ca === true ? undefined : `${name} is not a CA certificate (CA:TRUE is missing)`,
    ],
    ['key-usage', issuer.keyUsage?.keyCertSign === false ? `${name} has a key usage without keyCertSign` : undefined],
    ['critical-extension', unknownExtension(issuer)],
  ]);
}

/**
 * Every rule for trust anchors that a certificate breaks (user guide, trust model, trust anchors): those of issuers, a
 * signature by SHA-256 or stronger, and a key that Roles Anywhere knows. Self-signed or not, roots and intermediates may
 * be anchors alike.
 */
export function anchorViolations(anchor: JudgedCertificate): Violation[] {
  const name = `"${anchor.subject.text}"`;
  const [weak, key] = [weakSignature(anchor), keyProblem(anchor)];
  return [
    ...issuerViolations(anchor),
    ...violationsOf(anchor, [
      ['hash', weak === undefined ? undefined : `${name} cannot be relied on: ${weak}`],
      ['key', key === undefined ? undefined : `the key of ${name} is unsuitable: ${key}`],
    ]),
  ];
}

/** A critical extension that nobody here honours; undefined when there is none. */
export function unknownExtension(certificate: JudgedCertificate): string | undefined {
  const [unknown] = certificate.unknownCriticalExtensions;
  return unknown === undefined
    ? undefined
    : `"${certificate.subject.text}" has the critical extension ${unknown}, which is not known`;
}
