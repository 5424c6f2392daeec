import { readTrustPolicy, type PolicyDecision } from '../policy/trust-policy.ts';
import { type PolicyWarning, sessionActions } from '../policy/policy-warnings.ts';
import type { JudgedCertificate } from '../x509/certificate.ts';
import { findPath, validityViolations } from '../x509/certificate-path.ts';
import { certificateFingerprint } from '../x509/describe-certificate.ts';
import { leafViolations } from '../x509/leaf-constraints.ts';
import { anchorCrlViolations, checkRevocation, type CrlViolation } from '../x509/revocation.ts';
import type { RevocationList } from '../x509/revocation-list.ts';
import type { CertificateRule, Violation } from '../x509/violation.ts';
import { type AttributeMapping, type DroppedAttribute, mapAttributes } from './attribute-mapping.ts';
import { arnProblems, type AskedSession } from './session-arns.ts';
import { rolesAnywhere, sessionContext } from './session-context.ts';
import { defaultSessionName, sessionDuration, sessionNamePattern, sourceIdentity } from './session.ts';
import { packedSizeEstimate } from './session-tags.ts';

/** What is known of a trust anchor. */
export interface KnownTrustAnchor {
  /** True when not given. */
  readonly enabled?: boolean | undefined;
  readonly certificates: readonly JudgedCertificate[];
  /** Imported and enabled. */
  readonly crls?: readonly RevocationList[] | undefined;
}

/** What is known of a profile, by the names that GetProfile gives it. */
export interface KnownProfile {
  readonly enabled?: boolean | undefined;
  readonly roleArns?: readonly string[] | undefined;
  readonly durationSeconds?: number | undefined;
  readonly acceptRoleSessionName?: boolean | undefined;
  readonly attributeMappings?: readonly AttributeMapping[] | undefined;
  readonly sessionPolicy?: string | undefined;
  readonly managedPolicyArns?: readonly string[] | undefined;
}

/** What is known of a role. */
export interface KnownRole {
  /** As an object or as JSON text. */
  readonly trustPolicy?: unknown;
  /** Seconds. */
  readonly maxSessionDuration?: number | undefined;
}

/** Everything that is known about a CreateSession; what is not given is not judged. */
export interface SessionQuestion {
  readonly asked: AskedSession;
  readonly leaf: JudgedCertificate;
  /** What is sent along. */
  readonly chain: readonly JudgedCertificate[];
  /** The service's time as well as it is known. */
  readonly now: Date;
  /** Seconds that the caller's clock is ahead of the service's, negative for behind; not judged when not given. */
  readonly clockOffset?: number | undefined;
  /** Whether the key is that of the leaf; not judged when not given. */
  readonly keyFits?: boolean | undefined;
  readonly trustAnchor?: KnownTrustAnchor | undefined;
  readonly profile?: KnownProfile | undefined;
  readonly role?: KnownRole | undefined;
}

/** Why CreateSession is refused. */
export type CauseName =
  | 'clock'
  | 'key'
  | 'arns'
  | 'trust-anchor-disabled'
  | 'profile-disabled'
  | 'profile-empty'
  | 'certificate'
  | 'path'
  | 'revoked'
  | 'role-not-in-profile'
  | 'session-name'
  | 'duration'
  | 'trust-policy'
  | 'packed-size';

/** One reason for which CreateSession would be refused. */
export interface RefusalCause {
  readonly name: CauseName;
  /** What was found: lower case, no full stop. */
  readonly reason: string;
  /** What to do: lower case, no full stop. */
  readonly hints: readonly string[];
  /** Of `certificate` and `path`: the rule that a certificate breaks. */
  readonly rule?: CertificateRule | undefined;
  /** Which certificate that is: SHA-256 of its DER, lower-case hex. */
  readonly fingerprint?: string | undefined;
}

/** What the session would be. */
export interface SessionPreview {
  readonly durationSeconds: number | undefined;
  readonly sourceIdentity: string;
  readonly sessionName: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly dropped: readonly DroppedAttribute[];
  /** Percent, an estimate. */
  readonly packedSize: number;
}

/** What the service would decide. */
export interface SessionDecision {
  /** Every reason to refuse it, the first to be met first; empty where nothing is known that would. */
  readonly causes: readonly RefusalCause[];
  readonly preview: SessionPreview;
  /** Of the role's trust policy; empty where it is not known. */
  readonly policyDecisions: readonly PolicyDecision[];
  readonly policyWarnings: readonly PolicyWarning[];
  /** What is wrong with CRLs. */
  readonly crlViolations: readonly CrlViolation[];
  /** What was not known, and so not judged. */
  readonly unknown: readonly ('clock' | 'trust anchor' | 'profile' | 'trust policy' | 'role duration')[];
}

/**
 * Says what Roles Anywhere would decide about a session, from what is known of it. All reasons to refuse it are told, not
 * the first alone, in the order in which a request meets them; the service's own order is not published.
 */
export async function decideSession(question: SessionQuestion): Promise<SessionDecision> {
  const { leaf, trustAnchor, profile, role } = question;
  const preview = previewOf(question);
  const { decisions, warnings } = policyOf(question, preview);
  const { causes: certificateCauses, violations } = await certificateOf(question);
  return {
    causes: [
      ...callerCauses(question),
      ...stateCauses(question),
      ...leafViolations(leaf).map((violation) =>
        ofCertificate('certificate', violation, 'have the CA issue a certificate that Roles Anywhere takes'),
      ),
      ...certificateCauses,
      ...profileCauses(question),
      ...durationCauses(question, preview),
      ...decisions
        .filter(({ effect }) => effect !== 'allow')
        .map(({ reason }) => cause('trust-policy', reason, 'change the trust policy of the role, or the certificate')),
      ...packedCauses(preview),
    ],
    preview,
    policyDecisions: decisions,
    policyWarnings: warnings,
    crlViolations: violations,
    unknown: [
      ...(question.clockOffset === undefined ? (['clock'] as const) : []),
      ...(trustAnchor === undefined ? (['trust anchor'] as const) : []),
      ...(profile === undefined ? (['profile'] as const) : []),
      ...(role?.trustPolicy === undefined ? (['trust policy'] as const) : []),
      ...(role?.maxSessionDuration === undefined ? (['role duration'] as const) : []),
    ],
  };
}

/** Of the reasons, those that no certificate has to be read for. */
export function callerCauses(question: Pick<SessionQuestion, 'asked' | 'clockOffset' | 'keyFits'>): RefusalCause[] {
  return [...clockCauses(question), ...keyCauses(question), ...arnCauses(question.asked)];
}

function cause(name: CauseName, reason: string, ...hints: readonly string[]): RefusalCause {
  return { name, reason, hints };
}

function ofCertificate(name: CauseName, { rule, certificate, reason }: Violation, hint: string): RefusalCause {
  return { name, reason, hints: [hint], rule, fingerprint: certificateFingerprint(certificate) };
}

function previewOf({ asked, leaf, profile }: SessionQuestion): SessionPreview {
  const { tags, dropped } = mapAttributes(leaf, profile?.attributeMappings);
  const policies = [profile?.sessionPolicy ?? '', ...(profile?.managedPolicyArns ?? [])];
  const policyCharacters = policies.reduce((sum, { length }) => sum + length, 0);
  return {
    durationSeconds:
      profile?.durationSeconds === undefined
        ? asked.durationSeconds
        : sessionDuration(profile.durationSeconds, asked.durationSeconds),
    sourceIdentity: sourceIdentity(leaf),
    sessionName: asked.roleSessionName ?? defaultSessionName(leaf),
    tags,
    dropped,
    packedSize: packedSizeEstimate({ tags, policyCharacters }),
  };
}

/** Seconds. Services take a signature that is up to 5 or 15 minutes off; that of this one is not published. */
const clockWindow = { sure: 900, likely: 300 };

function clockCauses({ clockOffset = 0 }: Pick<SessionQuestion, 'clockOffset'>): RefusalCause[] {
  const seconds = Math.round(Math.abs(clockOffset));
  if (seconds < clockWindow.likely) return [];
  const way = clockOffset > 0 ? 'ahead of' : 'behind';
  const sure = seconds > clockWindow.sure ? '' : ', which may be too much';
  const reason = `the clock is ${seconds} s ${way} that of the service${sure}`;
  return [cause('clock', reason, 'set the clock, by NTP for one: a signature carries its time')];
}

function keyCauses({ keyFits }: Pick<SessionQuestion, 'keyFits'>): RefusalCause[] {
  if (keyFits !== false) return [];
  return [
    cause('key', 'the private key is not that of the certificate', 'give the key that the certificate was issued for'),
  ];
}

function arnCauses(asked: AskedSession): RefusalCause[] {
  const hint = 'copy the three ARNs from the same account and region';
  return arnProblems(asked).map((problem) => cause('arns', problem, hint));
}

function stateCauses({ asked, trustAnchor, profile }: SessionQuestion): RefusalCause[] {
  const { trustAnchorArn, profileArn } = asked;
  return [
    ...(trustAnchor?.enabled === false
      ? [
          cause(
            'trust-anchor-disabled',
            `the trust anchor ${trustAnchorArn} is disabled`,
            'aws rolesanywhere enable-trust-anchor',
          ),
        ]
      : []),
    ...(profile?.enabled === false
      ? [cause('profile-disabled', `the profile ${profileArn} is disabled`, 'aws rolesanywhere enable-profile')]
      : []),
    ...(profile?.roleArns?.length === 0
      ? [
          cause(
            'profile-empty',
            `the profile ${profileArn} has no roles`,
            'aws rolesanywhere update-profile --role-arns',
          ),
        ]
      : []),
  ];
}

interface CertificateVerdict {
  readonly causes: readonly RefusalCause[];
  readonly violations: readonly CrlViolation[];
}

const pathHints: Readonly<Partial<Record<CertificateRule, string>>> = {
  issuer: 'send the missing intermediates along, or compare the trust anchor with the CA that issued the certificate',
  signature: 'the CA was renewed with another key, or is another one of the same name: update the trust anchor',
  expired: 'renew it; an anchor of AWS Private CA needs UpdateTrustAnchor after that',
  'not-yet-valid': 'wait until then, or have the clock of the CA set',
  'chain-length': 'leave the root and what does not belong to the path out of the chain',
};

async function certificateOf({ leaf, chain, trustAnchor, now }: SessionQuestion): Promise<CertificateVerdict> {
  if (trustAnchor === undefined) return { causes: expiryCauses([leaf, ...chain], now), violations: [] };
  const { certificates: anchors, crls = [] } = trustAnchor;
  const result = await findPath({ leaf, chain, anchors, now });
  const violations = await anchorCrlViolations(crls, { issuers: anchors, now });
  if ('problem' in result) {
    return { causes: result.violations.map(pathCause), violations };
  }
  const { revoked } = await checkRevocation({ path: result.path, crls, now });
  if (revoked === undefined) return { causes: [], violations };
  const { subject, serialNumber } = revoked.certificate;
  const { revokedAt, reason: why } = revoked;
  const reason = `"${subject.text}", serial number ${serialNumber}, was revoked at ${revokedAt.toISOString()} (${why})`;
  return { causes: [cause('revoked', reason, 'have the CA issue another certificate')], violations };
}

/** What certificates say of themselves where no anchor is known. */
function expiryCauses(certificates: readonly JudgedCertificate[], now: Date): RefusalCause[] {
  return certificates.flatMap((certificate) => validityViolations(certificate, now)).map(pathCause);
}

function pathCause(violation: Violation): RefusalCause {
  return ofCertificate('path', violation, pathHints[violation.rule] ?? 'have the CA issue another certificate');
}

function profileCauses({ asked, profile }: SessionQuestion): RefusalCause[] {
  const { roleArn, roleSessionName } = asked;
  const roles = profile?.roleArns ?? [];
  const name = roleSessionName ?? '01';
  return [
    ...(roles.length > 0 && !roles.includes(roleArn)
      ? [
          cause(
            'role-not-in-profile',
            `the profile lists ${roles.join(', ')}, not ${roleArn}`,
            'add the role to the profile',
          ),
        ]
      : []),
    ...(sessionNamePattern.test(name)
      ? []
      : [
          cause(
            'session-name',
            `"${name}" is no session name: 2 to 64 letters, digits and _+=,.@-`,
            'ask for another one',
          ),
        ]),
    ...(roleSessionName !== undefined && profile?.acceptRoleSessionName === false
      ? [
          cause(
            'session-name',
            'the profile does not have acceptRoleSessionName',
            'leave the session name out, or update the profile',
          ),
        ]
      : []),
  ];
}

function durationCauses({ role }: SessionQuestion, { durationSeconds }: SessionPreview): RefusalCause[] {
  const most = role?.maxSessionDuration;
  if (most === undefined || durationSeconds === undefined || durationSeconds <= most) return [];
  const reason = `${durationSeconds} s are more than the role's MaxSessionDuration of ${most} s`;
  return [cause('duration', reason, `ask for ${most} s, or raise MaxSessionDuration: it is not clamped`)];
}

function packedCauses({ packedSize, tags }: SessionPreview): RefusalCause[] {
  if (packedSize <= 100) return [];
  const reason = `${tags.size} tags and the session policies take about ${packedSize} % of the space they share`;
  const hint = 'map fewer attributes, those of the issuer first; use managed policies in place of an inline one';
  return [cause('packed-size', reason, hint)];
}

interface PolicyVerdict {
  readonly decisions: readonly PolicyDecision[];
  readonly warnings: readonly PolicyWarning[];
}

/** Every session is tagged and gets a source identity, so the role must allow all three (user guide, role trusts). */
function policyOf({ asked, role, now }: SessionQuestion, preview: SessionPreview): PolicyVerdict {
  if (role?.trustPolicy === undefined) return { decisions: [], warnings: [] };
  const policy = readTrustPolicy(role.trustPolicy);
  const context = sessionContext({ trustAnchorArn: asked.trustAnchorArn, now, ...preview });
  const decisions = sessionActions.map((action) => policy.decide({ action, principal: rolesAnywhere, context }));
  return { decisions, warnings: policy.warnings };
}
