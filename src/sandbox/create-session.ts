import { createHash } from 'node:crypto';
import type { JudgedCertificate } from '../trust/x509/certificate.ts';
import { findPath } from '../trust/x509/certificate-path.ts';
import { leafViolations } from '../trust/x509/leaf-constraints.ts';
import { checkRevocation } from '../trust/x509/revocation.ts';
import { mapAttributes } from '../trust/session/attribute-mapping.ts';
import { rolesAnywhere, sessionContext } from '../trust/session/session-context.ts';
import { defaultSessionName, sessionDuration, sourceIdentity } from '../trust/session/session.ts';
import { packedSizeEstimate } from '../trust/session/session-tags.ts';
import { sessionActions } from '../trust/policy/policy-warnings.ts';
import { type CreateSessionInput, readCreateSessionInput } from './create-session-input.ts';
import { formatTime, type IssuedCredentials, type RoleSession, sessionArn } from './credential-store.ts';
import { enabledCrls } from './import-crl.ts';
import type { ReceivedRequest } from './received-request.ts';
import { ServiceRefusal } from './refusal.ts';
import { type Profile, type Registry, type Role, rolesAnywhereArn, type TrustAnchor } from './registry.ts';
import { type Accepted, type Service, sessionEnd } from './service.ts';
import { checkX509Signature, type X509Caller } from './x509-signature.ts';

/**
 * CreateSession. The order of the checks is ours: the service's is not published.
 * @throws ServiceRefusal
 */
export async function performCreateSession(request: ReceivedRequest, service: Service): Promise<Accepted> {
  const { registry, now } = service;
  const caller = await checkX509Signature(request, { region: registry.place.region, now });
  const input = readCreateSessionInput(request);
  const anchor = findTrustAnchor(registry, input.trustAnchorArn);
  const profile = findProfile(registry, input.profileArn);
  await checkCertificate(caller, anchor, service);
  const session = makeSession({ caller, input, profile, role: findRole(registry, profile, input.roleArn) }, service);
  checkTrustPolicy(session, anchor, now);
  return accept(service.credentials.issue(session), caller, registry);
}

function findTrustAnchor(registry: Registry, arn: string): TrustAnchor {
  const anchor = registry.trustAnchors.get(arn);
  const message = "Specified Trust Anchor wasn't found.";
  if (anchor === undefined) throw denied(message, `there is no trust anchor ${arn}`);
  // What the service says of a disabled anchor is not known.
  if (registry.disabled.has(arn)) throw denied(message, `the trust anchor ${arn} is disabled`);
  return anchor;
}

function findProfile(registry: Registry, arn: string): Profile {
  const profile = registry.profiles.get(arn);
  const message = 'Invalid or empty profile provided.';
  if (profile === undefined) throw denied(message, `there is no profile ${arn}`);
  if (registry.disabled.has(arn)) throw denied(message, `the profile ${arn} is disabled`);
  if (profile.roleArns.size === 0) throw denied(message, `the profile ${arn} has no roles`);
  return profile;
}

async function checkCertificate(caller: X509Caller, anchor: TrustAnchor, service: Service): Promise<void> {
  const violations = leafViolations(caller.leaf);
  if (violations.length > 0) {
    const reason = violations.map((violation) => violation.reason).join('; ');
    throw denied('Untrusted certificate. Insufficient certificate', reason);
  }
  const { leaf, chain } = caller;
  const result = await findPath({ leaf, chain, anchors: anchor.certificates, now: service.now });
  if ('problem' in result) throw denied('Untrusted signing certificate', result.problem);
  await checkRevoked(result.path, anchor, service);
}

async function checkRevoked(path: readonly JudgedCertificate[], anchor: TrustAnchor, service: Service): Promise<void> {
  const { registry, now } = service;
  const { revoked } = await checkRevocation({ path, crls: enabledCrls(registry, anchor), now });
  const listed = path.find(({ serialNumber }) => registry.revokedSerialNumbers.has(serialNumber));
  const found = revoked?.certificate ?? listed;
  if (found === undefined) return;
  const why = revoked === undefined ? '' : ` by the CRL of "${revoked.crl.issuer.text}" (${revoked.reason})`;
  throw denied('Certificate revoked', `"${found.subject.text}", serial number ${found.serialNumber}, is revoked${why}`);
}

function findRole(registry: Registry, profile: Profile, arn: string): Role {
  if (!profile.roleArns.has(arn)) {
    const message = "Requested Role isn't one of those listed in the Profile.";
    throw denied(message, `the profile lists ${[...profile.roleArns].join(', ')}, not ${arn}`);
  }
  const role = registry.roles.get(arn);
  if (role === undefined) throw denied(`Unable to assume role for ${arn}`, `there is no role ${arn}`);
  if (role.accountId !== registry.place.accountId) {
    throw denied(`Unable to assume role for ${arn}`, `the role is not in the account ${registry.place.accountId}`);
  }
  return role;
}

interface SessionRequest {
  readonly caller: X509Caller;
  readonly input: CreateSessionInput;
  readonly profile: Profile;
  readonly role: Role;
}

function makeSession({ caller, input, profile, role }: SessionRequest, service: Service): RoleSession {
  if (input.roleSessionName !== undefined && !profile.acceptRoleSessionName) {
    throw denied('Not authorized to set roleSessionName.', 'the profile does not have acceptRoleSessionName');
  }
  const seconds = sessionDuration(profile.durationSeconds, input.durationSeconds);
  if (seconds > role.maxSessionDuration) {
    const message = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    const reason = `${seconds} s are more than the role's MaxSessionDuration of ${role.maxSessionDuration} s`;
    throw denied(`Unable to assume role for ${role.arn}. ${message}`, reason);
  }
  const name = input.roleSessionName ?? defaultSessionName(caller.leaf);
  const { tags } = mapAttributes(caller.leaf, profile.attributeMappings);
  return {
    role,
    name,
    arn: sessionArn(role, name),
    sourceIdentity: sourceIdentity(caller.leaf),
    tags,
    // AWS Security Blog, "Planning for your IAM Roles Anywhere deployment".
    transitiveTagKeys: new Set(tags.keys()),
    expiration: sessionEnd(service, seconds),
  };
}

/** Every session is tagged and gets a source identity, so the role must allow all three (user guide, role trusts). */
function checkTrustPolicy(session: RoleSession, anchor: TrustAnchor, now: Date): void {
  const { tags, name, role } = session;
  const facts = {
    trustAnchorArn: anchor.arn,
    now,
    sessionName: name,
    tags,
    sourceIdentity: session.sourceIdentity ?? '',
  };
  const context = sessionContext(facts);
  for (const action of sessionActions) {
    const reason = role.trustPolicy.denial({ action, principal: rolesAnywhere, context });
    if (reason !== undefined) throw denied(`Unable to assume role for ${role.arn}`, reason);
  }
}

function accept(issued: IssuedCredentials, caller: X509Caller, registry: Registry): Accepted {
  const { session, accessKeyId, secretAccessKey, sessionToken } = issued;
  const subject = createHash('sha256').update(caller.leaf.subject.der).digest('hex');
  const body = {
    credentialSet: [
      {
        assumedRoleUser: { arn: session.arn, assumedRoleId: `${session.role.id}:${session.name}` },
        credentials: { accessKeyId, secretAccessKey, sessionToken, expiration: formatTime(session.expiration) },
        packedPolicySize: Math.min(packedSizeEstimate(session), 100),
        roleArn: session.role.arn,
        sourceIdentity: session.sourceIdentity,
      },
    ],
    subjectArn: rolesAnywhereArn(registry.place, 'subject', subject),
  };
  return { status: 201, body: JSON.stringify(body), session };
}

function denied(message: string, reason: string): ServiceRefusal {
  return new ServiceRefusal({ status: 403, code: 'AccessDeniedException', message, reason });
}
