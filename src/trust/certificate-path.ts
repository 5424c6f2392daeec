import type { JudgedCertificate } from './certificate.ts';
import { isSignedByKeyOf, weakSignature } from './certificate-signature.ts';

/** Certificates in X-Amz-X509-Chain at the most (user guide, signing process). */
const longestChain = 5;

export interface PathRequest {
  readonly leaf: JudgedCertificate;
  /** What the caller sent along: in any order, with or without strangers, the leaf and the root among them. */
  readonly chain: readonly JudgedCertificate[];
  /** The one or two certificates of the trust anchor: roots or intermediates, each the end of a path. */
  readonly anchors: readonly JudgedCertificate[];
  readonly now: Date;
}

/** From the leaf to the anchor, both included; or why there is no such path: lower case, no full stop. */
export type PathResult = { readonly path: readonly JudgedCertificate[] } | { readonly problem: string };

/**
 * Looks for a path from the leaf to an anchor certificate (RFC 5280, section 6.1): names chain, signatures verify,
 * everyone is valid now, every issuer is a CA that may sign certificates, and path lengths are kept. Name constraints
 * and policies are not evaluated.
 */
export async function findPath(request: PathRequest): Promise<PathResult> {
  if (request.chain.length > longestChain) {
    return { problem: `the chain has ${request.chain.length} certificates; at most ${longestChain} are taken` };
  }
  const unusable = outsideValidity(request.leaf, request.now) ?? unknownExtension(request.leaf);
  if (unusable !== undefined) return { problem: unusable };
  const search: Search = { request, problems: new Set() };
  const path = await extend([request.leaf], search);
  return path === undefined ? { problem: [...search.problems].join('; ') } : { path };
}

/** Why the certificate is not valid at `now`; undefined when it is. Both ends are included (RFC 5280, 4.1.2.5). */
function outsideValidity(certificate: JudgedCertificate, now: Date): string | undefined {
  if (now < certificate.notBefore) {
    return `"${certificate.subject.text}" is not valid before ${certificate.notBefore.toISOString()}`;
  }
  if (now > certificate.notAfter)
    return `"${certificate.subject.text}" expired at ${certificate.notAfter.toISOString()}`;
  return undefined;
}

/** Why the certificate cannot be an issuer, whoever it is for; undefined when it can. */
export function issuerProblem(certificate: JudgedCertificate): string | undefined {
  const name = `"${certificate.subject.text}"`;
  if (certificate.version !== 3) return `${name} is X.509 v${certificate.version}; a CA certificate must be v3`;
  if (certificate.basicConstraints?.ca !== true) return `${name} is not a CA certificate (CA:TRUE is missing)`;
  if (certificate.keyUsage?.keyCertSign === false) return `${name} has a key usage without keyCertSign`;
  return unknownExtension(certificate);
}

function unknownExtension(certificate: JudgedCertificate): string | undefined {
  const [unknown] = certificate.unknownCriticalExtensions;
  return unknown === undefined
    ? undefined
    : `"${certificate.subject.text}" has the critical extension ${unknown}, which is not known`;
}

interface Search {
  readonly request: PathRequest;
  /** Why candidates were passed over. */
  readonly problems: Set<string>;
}

/** Depth first; a chain of at most five keeps it small. Anchors come first, so that a path is as short as can be. */
async function extend(
  path: readonly JudgedCertificate[],
  search: Search,
): Promise<readonly JudgedCertificate[] | undefined> {
  const last = path.at(-1);
  if (last === undefined) return undefined;
  for (const anchor of issuersOf(last, search.request.anchors)) {
    const problem = await linkProblem(path, anchor, search.request.now);
    if (problem === undefined) return [...path, anchor];
    search.problems.add(problem);
  }
  const unused = search.request.chain.filter((issuer) => !path.some((member) => sameBytes(member.der, issuer.der)));
  for (const issuer of issuersOf(last, unused)) {
    const problem = weakIssuer(issuer) ?? (await linkProblem(path, issuer, search.request.now));
    const whole = problem === undefined ? await extend([...path, issuer], search) : undefined;
    if (whole !== undefined) return whole;
    if (problem !== undefined) search.problems.add(problem);
  }
  if (search.problems.size === 0) search.problems.add(noIssuer(last));
  return undefined;
}

function issuersOf(subject: JudgedCertificate, candidates: readonly JudgedCertificate[]): readonly JudgedCertificate[] {
  return candidates.filter((candidate) => sameBytes(subject.issuer.der, candidate.subject.der));
}

async function linkProblem(
  path: readonly JudgedCertificate[],
  issuer: JudgedCertificate,
  now: Date,
): Promise<string | undefined> {
  return (
    outsideValidity(issuer, now) ??
    issuerProblem(issuer) ??
    pathLengthProblem(path, issuer) ??
    (await signatureProblem(path.at(-1), issuer))
  );
}

function weakIssuer(issuer: JudgedCertificate): string | undefined {
  const problem = weakSignature(issuer);
  return problem === undefined ? undefined : `"${issuer.subject.text}" cannot be relied on: ${problem}`;
}

/** pathLenConstraint counts the intermediates that are not self-issued below the issuer (RFC 5280, 4.2.1.9). */
function pathLengthProblem(path: readonly JudgedCertificate[], issuer: JudgedCertificate): string | undefined {
  const allowed = issuer.basicConstraints?.pathLength;
  const below = path.slice(1).filter((member) => !sameBytes(member.subject.der, member.issuer.der)).length;
  return allowed === undefined || below <= allowed
    ? undefined
    : `"${issuer.subject.text}" allows ${allowed} intermediates below it; there are ${below}`;
}

async function signatureProblem(
  subject: JudgedCertificate | undefined,
  issuer: JudgedCertificate,
): Promise<string | undefined> {
  return subject === undefined || (await isSignedByKeyOf(subject, issuer))
    ? undefined
    : `the key of "${issuer.subject.text}" did not sign "${subject.subject.text}", though the names match`;
}

function noIssuer(certificate: JudgedCertificate): string {
  return (
    `neither the chain nor the trust anchor has the issuer of "${certificate.subject.text}", ` +
    `which is "${certificate.issuer.text}"`
  );
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
