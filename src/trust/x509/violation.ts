import type { JudgedCertificate } from './certificate.ts';

/**
 * A rule for certificates that the service keeps (user guide, trust model) or that RFC 5280, section 6.1, has for paths:
 *
 * - `version`, `basic-constraints`, `key-usage`, `subject`, `key`: what the certificate is made of.
 * - `hash`: it is signed by an algorithm that is too weak, or that nobody knows.
 * - `expired`, `not-yet-valid`, `critical-extension`.
 * - `issuer`: neither chain nor anchor has a certificate of its issuer's name. `signature`: one has, and did not sign it.
 * - `path-length`, `name-constraints`: what the certificate itself says is not kept below it.
 * - `chain-length`: more certificates were sent along than the service takes.
 */
export type CertificateRule =
  | 'version'
  | 'basic-constraints'
  | 'key-usage'
  | 'subject'
  | 'key'
  | 'hash'
  | 'expired'
  | 'not-yet-valid'
  | 'critical-extension'
  | 'issuer'
  | 'signature'
  | 'path-length'
  | 'name-constraints'
  | 'chain-length';

/** One rule that a certificate breaks. */
export interface Violation {
  readonly rule: CertificateRule;
  readonly certificate: JudgedCertificate;
  /** What was found, in the words of an error message: lower case, no full stop. */
  readonly reason: string;
}

/** Those of the reasons that there are. */
export function violationsOf(
  certificate: JudgedCertificate,
  found: readonly (readonly [CertificateRule, string | undefined])[],
): Violation[] {
  const violations: Violation[] = [];
  for (const [rule, reason] of found) if (reason !== undefined) violations.push({ rule, certificate, reason });
  return violations;
}
