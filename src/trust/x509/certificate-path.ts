import type { JudgedCertificate } from './certificate.ts';
import { isKnownSignedByKeyOf, isSignedByKeyOf, weakSignature } from './certificate-signature.ts';
import { isSameName } from './distinguished-name.ts';
import { issuerViolations, unknownExtension } from './issuer-constraints.ts';
import { forbiddenName, isSelfIssued } from './name-constraints.ts';
import { withVerifiers } from './verify-signature.ts';
import { type CertificateRule, type Violation, violationsOf } from './violation.ts';

/** Certificates in X-Amz-X509-Chain at the most (user guide, signing process). */
export const longestChain = 5;

/** What a path is looked for in. */
export interface PathRequest {
  readonly leaf: JudgedCertificate;
  /** What the caller sent along: in any order, with or without strangers, the leaf and the root among them. */
  readonly chain: readonly JudgedCertificate[];
  /** The one or two certificates of the trust anchor: roots or intermediates, each the end of a path. */
  readonly anchors: readonly JudgedCertificate[];
  readonly now: Date;
}

/** From the leaf to the anchor, both included; or why there is no such path. */
export type PathResult =
  | { readonly path: readonly JudgedCertificate[] }
  | {
      /** All reasons in one text: lower case, no full stop. */
      readonly problem: string;
      /** What is wrong with the leaf, or with each certificate that might have been its issuer. */
      readonly violations: readonly Violation[];
    };

/**
 * Looks for a path from the leaf to an anchor certificate (RFC 5280, section 6.1): names chain, signatures verify,
 * everyone is valid now, every issuer is a CA that may sign certificates, and path lengths and name constraints are
 * kept. Certificate policies are not evaluated: no document says that Roles Anywhere asks for any.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { decodeCertificates, findPath } from 'roles-anywhere/trust';
 *
 * const [leaf, ...chain] = decodeCertificates(readFileSync('leaf-with-chain.pem', 'utf8'));
 * const anchors = decodeCertificates(readFileSync('anchor.pem', 'utf8'));
 * if (leaf !== undefined) {
 *   const result = await findPath({ leaf, chain, anchors, now: new Date() });
 *   console.log('path' in result ? result.path.map(({ subject }) => subject.text) : result.problem);
 * }
 * ```
 */
export async function findPath(request: PathRequest): Promise<PathResult> {
  const { leaf, chain, now } = request;
  const unusable = violationsOf(leaf, [
    [
      'chain-length',
      chain.length > longestChain
        ? `the chain has ${chain.length} certificates; at most ${longestChain} are taken`
        : undefined,
    ],
    ...validity(leaf, now),
    ['critical-extension', unknownExtension(leaf)],
  ]);
  return unusable.length > 0 ? noPath(unusable) : withVerifiers(() => search(request));
}

function search(request: PathRequest): PathResult {
  const violations = new Map<string, Violation>();
  const path = extend([request.leaf], { request, violations });
  return path === undefined ? noPath([...violations.values()]) : { path };
}

function noPath(violations: readonly Violation[]): PathResult {
  return { problem: violations.map(({ reason }) => reason).join('; '), violations };
}

/** Whether the certificate is valid at `now`. Both ends are included (RFC 5280, section 4.1.2.5). */
function validity(
  { subject, notBefore, notAfter }: JudgedCertificate,
  now: Date,
): [CertificateRule, string | undefined][] {
  // Nearly always: every certificate of every path is asked, and dates compare slowly.
  const time = now.getTime();
  if (time >= notBefore.getTime() && time <= notAfter.getTime()) return [];
  const name = `"${subject.text}"`;
  return [
    ['not-yet-valid', now < notBefore ? `${name} is not valid before ${notBefore.toISOString()}` : undefined],
    ['expired', now > notAfter ? `${name} expired at ${notAfter.toISOString()}` : undefined],
  ];
}

/** Whether a certificate by itself is valid at `now`. */
export function validityViolations(certificate: JudgedCertificate, now: Date): readonly Violation[] {
  return violationsOf(certificate, validity(certificate, now));
}

interface Search {
  readonly request: PathRequest;
  /** Why candidates were passed over, each reason once. */
  readonly violations: Map<string, Violation>;
}

function note({ violations }: Search, found: readonly Violation[]): void {
  for (const one of found) violations.set(one.reason, one);
}

/** Depth first; a chain of at most five keeps it small. Anchors come first, so that a path is as short as can be. */
function extend(path: readonly JudgedCertificate[], ongoing: Search): readonly JudgedCertificate[] | undefined {
  const last = path.at(-1);
  if (last === undefined) return undefined;
  const { anchors, chain, now } = ongoing.request;
  for (const anchor of issuersOf(last, anchors)) {
    const found = linkViolation(path, anchor, now);
    if (found === undefined) return [...path, anchor];
    note(ongoing, [found]);
  }
  for (const issuer of issuersOf(last, chain).filter((candidate) => !isOn(path, candidate))) {
    const found = [weakIssuer(issuer), linkViolation(path, issuer, now)].filter((one) => one !== undefined);
    const whole = found.length === 0 ? extend([...path, issuer], ongoing) : undefined;
    if (whole !== undefined) return whole;
    note(ongoing, found);
  }
  if (ongoing.violations.size === 0) note(ongoing, violationsOf(last, [['issuer', noIssuer(last)]]));
  return undefined;
}

function issuersOf(subject: JudgedCertificate, candidates: readonly JudgedCertificate[]): readonly JudgedCertificate[] {
  return candidates.filter((candidate) => isSameName(subject.issuer, candidate.subject));
}

/** The first thing that is wrong with an issuer of the last certificate of a path. */
function linkViolation(
  path: readonly JudgedCertificate[],
  issuer: JudgedCertificate,
  now: Date,
): Violation | undefined {
  return (
    validityViolations(issuer, now)[0] ??
    issuerViolations(issuer)[0] ??
    violation('path-length', issuer, pathLengthProblem(path, issuer)) ??
    violation('name-constraints', issuer, nameProblem(path, issuer)) ??
    signatureViolation(path.at(-1), issuer)
  );
}

function violation(
  rule: CertificateRule,
  certificate: JudgedCertificate,
  reason: string | undefined,
): Violation | undefined {
  return reason === undefined ? undefined : { rule, certificate, reason };
}

function weakIssuer(issuer: JudgedCertificate): Violation | undefined {
  const problem = weakSignature(issuer);
  const reason = problem === undefined ? undefined : `"${issuer.subject.text}" cannot be relied on: ${problem}`;
  return violation('hash', issuer, reason);
}

/** pathLenConstraint counts the intermediates that are not self-issued below the issuer (RFC 5280, 4.2.1.9). */
function pathLengthProblem(path: readonly JudgedCertificate[], issuer: JudgedCertificate): string | undefined {
  const allowed = issuer.basicConstraints?.pathLength;
  if (allowed === undefined) return undefined;
  const below = path.slice(1).filter((member) => !isSelfIssued(member)).length;
  return below <= allowed
    ? undefined
    : `"${issuer.subject.text}" allows ${allowed} intermediates below it; there are ${below}`;
}

function nameProblem(path: readonly JudgedCertificate[], issuer: JudgedCertificate): string | undefined {
  const forbidden = forbiddenName(issuer, path);
  return forbidden === undefined
    ? undefined
    : `the name constraints of "${issuer.subject.text}" are not kept: ${forbidden}`;
}

function signatureViolation(subject: JudgedCertificate | undefined, issuer: JudgedCertificate): Violation | undefined {
  if (subject === undefined) return undefined;
  const isSigned = subject.basicConstraints?.ca === true ? isKnownSignedByKeyOf : isSignedByKeyOf;
  if (isSigned(subject, issuer)) return undefined;
  const reason = `the key of "${issuer.subject.text}" did not sign "${subject.subject.text}", though the names match`;
  return { rule: 'signature', certificate: subject, reason };
}

function noIssuer(certificate: JudgedCertificate): string {
  return (
    `neither the chain nor the trust anchor has the issuer of "${certificate.subject.text}", ` +
    `which is "${certificate.issuer.text}"`
  );
}

function isOn(path: readonly JudgedCertificate[], { der }: JudgedCertificate): boolean {
  return path.some((member) => sameBytes(member.der, der));
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one === other || (one.length === other.length && Buffer.compare(one, other) === 0);
}
