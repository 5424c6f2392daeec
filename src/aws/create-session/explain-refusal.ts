import type { ErrorCode } from '../../core/errors.ts';
import type { RefusalName } from '../../core/refusal-name.ts';
import { otherRegion } from '../http/explain-endpoint.ts';
import type { SigningIdentity } from '../../identity/identity.ts';
import { arnParts } from '../../trust/session/session-arns.ts';
import type { SignedRequest } from '../sigv4-x509/request.ts';
import { chainGap, clockSkew, certificateNameOf, signatureFits } from './local-checks.ts';
import { causesFound } from './session-question.ts';
import type { SessionRequest } from './session-request.ts';

/** What was refused, and by which clock it was made. */
export interface RefusedRequest {
  readonly request: SessionRequest;
  readonly identity: SigningIdentity;
  readonly signed: SignedRequest;
  readonly now: Date;
}

/** The same, with what is found out about it once. */
interface Facts extends RefusedRequest {
  /** Seconds that this machine's clock is ahead of the service's; undefined where its answer told no time. */
  readonly clockOffset: number | undefined;
  /** Whether the signature fits the leaf; undefined where that cannot be found out. */
  readonly keyFits: boolean | undefined;
}

/** A refusal in words, and by the name of its likeliest cause. */
export interface RefusalExplanation {
  readonly causeName: RefusalName;
  readonly hints: readonly string[];
}

/** What the service said. */
interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** From the Date header of the answer. */
  readonly serviceDate: Date | undefined;
}

/**
 * Says why the service may have refused: what the rules of `roles-anywhere/trust` find wrong with the request, the same
 * that `doctor` goes by with what it knows of the account besides; else the causes known for what was said, those that
 * can be checked here checked.
 *
 * The service's texts name neither the clock nor what is missing from a chain. The hints name what was found, or else
 * what remains.
 */
export async function explainSessionRefusal(
  { code, message, serviceDate }: Refusal,
  refused: RefusedRequest,
): Promise<RefusalExplanation> {
  const clockOffset = serviceDate === undefined ? undefined : clockSkew(refused.now, serviceDate);
  const facts = { ...refused, clockOffset, keyFits: signatureFits(refused.signed, refused.identity) };
  const [first, ...others] = await causesOf(facts, message);
  if (first === undefined) return explanations.get(code)?.(facts) ?? because('unknown', []);
  const causes = [first, ...others];
  return because(first.name, [...causes.map(({ reason }) => reason), ...new Set(causes.flatMap(({ hints }) => hints))]);
}

function causesOf(
  { request, identity, now, clockOffset, keyFits }: Facts,
  message: string,
): ReturnType<typeof causesFound> {
  const { certificate: leaf, chain } = identity;
  return causesFound({ request, leaf, chain, now, clockOffset, keyFits }, message);
}

function because(causeName: RefusalName, hints: readonly string[]): RefusalExplanation {
  return { causeName, hints };
}

const explanations: ReadonlyMap<ErrorCode, (facts: Facts) => RefusalExplanation> = new Map([
  ['REFUSED_UNTRUSTED', explainUntrusted],
  ['REFUSED_CERTIFICATE', explainCertificate],
  ['REFUSED_SIGNATURE', explainSignature],
  ['REFUSED_TRUST_ANCHOR', explainTrustAnchor],
  ['REFUSED_PROFILE', explainProfile],
  ['REFUSED_ROLE_NOT_IN_PROFILE', explainRoleNotInProfile],
  ['REFUSED_SESSION_NAME', explainSessionName],
  ['REFUSED_REVOKED', explainRevoked],
  ['REFUSED_ROLE', explainRole],
  ['REFUSED_DURATION', explainDuration],
  ['REFUSED_VALIDATION', explainValidation],
  ['REFUSED_OTHER', explainOther],
]);

function explainUntrusted({ identity, request }: Facts): RefusalExplanation {
  const gap = chainGap(identity);
  if (gap !== undefined) {
    return because('path', [gap, 'give the certificates between leaf and trust anchor with --intermediates']);
  }
  return because('path', [
    anchorMustHold(identity),
    ...(identity.chain.length === 0
      ? ['no intermediate certificate was sent: give those there are with --intermediates']
      : []),
    `check that ${request.trustAnchorArn} is the trust anchor of this CA`,
    'a trust anchor does not follow when the certificate of its CA is renewed: update it',
  ]);
}

/** The chain holds together: then everything hangs on its top. */
function anchorMustHold({ certificate, chain }: SigningIdentity): string {
  const top = chain.at(-1);
  if (top === undefined)
    return `the trust anchor must hold the certificate of ${certificateNameOf(certificate, 'issuer')}, which issued the leaf`;
  return `the chain ends with ${certificateNameOf(top, 'subject')}: the trust anchor must hold that certificate, or the one of ${certificateNameOf(top, 'issuer')}, which issued it`;
}

function explainCertificate(): RefusalExplanation {
  return because('certificate', [
    'the leaf certificate is of X.509 version 3, no CA, with digitalSignature, SHA-256 or better and valid: that is not it',
    'check the same of the certificates of the chain, which must be CAs, and try a leaf with the extended key usage clientAuth',
  ]);
}

/** Seconds; from 300 on the clock is the cause. */
const possibleSkew = 60;

function explainSignature({ request, signed, clockOffset, keyFits }: Facts): RefusalExplanation {
  const elsewhere = otherRegion(hostOf(signed), request.region);
  if (elsewhere !== undefined) return because('region', [elsewhere]);
  return because('request', [
    clockOffset === undefined
      ? 'check the clock of this machine: the answer tells no time to compare it with'
      : skewHint(clockOffset),
    keyFits === undefined
      ? 'whether the private key is the one of the leaf cannot be checked by this version of Node.js'
      : 'the signature fits the certificate, so it is not the private key',
    `what remains is a proxy that changes headers or body, or an endpoint of another region than ${request.region}`,
  ]);
}

function hostOf({ headers }: SignedRequest): string {
  return (headers['host'] ?? '').replace(/:\d+$/, '');
}

function clockHint(skew: number): string {
  return `the clock of this machine is ${Math.abs(skew)} seconds ${skew > 0 ? 'ahead of' : 'behind'} the service: set it`;
}

function skewHint(skew: number): string {
  if (Math.abs(skew) >= possibleSkew) return `${clockHint(skew)}, that may be enough`;
  return `the clock of this machine is within ${possibleSkew} seconds of the service, so it is not the clock`;
}

function explainTrustAnchor(facts: Facts): RefusalExplanation {
  const { region, account } = arnParts(facts.request.trustAnchorArn);
  return because('trust-anchor', [
    `check in the console that account ${account} has this trust anchor in ${region}, and that it is enabled`,
  ]);
}

function explainProfile(facts: Facts): RefusalExplanation {
  const { region, account } = arnParts(facts.request.profileArn);
  return because('profile', [
    `check in the console that account ${account} has this profile in ${region}, and that it is enabled`,
  ]);
}

function explainRoleNotInProfile(facts: Facts): RefusalExplanation {
  const { roleArn, profileArn } = facts.request;
  return because('role-not-in-profile', [`add ${roleArn} to the roles of ${profileArn}`]);
}

function explainSessionName({ request }: Facts): RefusalExplanation {
  return because('session-name', [
    'leave --role-session-name out, or let the profile accept it (acceptRoleSessionName)',
    `the profile is ${request.profileArn}`,
  ]);
}

function explainRevoked({ identity }: Facts): RefusalExplanation {
  const { serialNumber } = identity.certificate;
  return because('revoked', [
    `serial number ${serialNumber} (hexadecimal ${serialNumber.toString(16)}) is in a CRL imported for the trust anchor`,
    'get a new certificate, or correct the CRL if that was a mistake',
  ]);
}

function explainRole(facts: Facts): RefusalExplanation {
  return because('trust-policy', [
    'the trust policy of the role must allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to rolesanywhere.amazonaws.com',
    `its conditions must hold: aws:SourceArn would be ${facts.request.trustAnchorArn}, and aws:PrincipalTag/x509Subject/CN and its like come from the leaf`,
    'what remains is a role that does not exist, an SCP of the organization, or a region that the account has disabled',
  ]);
}

function explainDuration({ request }: Facts): RefusalExplanation {
  const asked =
    request.durationSeconds === undefined
      ? "the duration is the profile's own"
      : `the duration asked for is ${request.durationSeconds} seconds, or the profile's own if that is less`;
  return because('duration', [
    asked,
    "ask for less with --session-duration, or raise the role's maximum session duration",
  ]);
}

function explainValidation({ request }: Facts): RefusalExplanation {
  return because('parameter', [
    ...(request.durationSeconds === undefined
      ? []
      : [`durationSeconds is ${request.durationSeconds}, and may be 900 to 43200`]),
    ...(request.roleSessionName === undefined
      ? []
      : ['roleSessionName has 2 to 64 letters, digits or characters out of _+=,.@-']),
    'the ARNs must be those of a trust anchor, a profile and a role',
  ]);
}

function explainOther(): RefusalExplanation {
  return because('unknown', ['check that it is the service that answers at the endpoint, and no proxy']);
}
