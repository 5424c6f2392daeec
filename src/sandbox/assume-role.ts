import { keysOfEveryRequest, makePolicyContext } from '../trust/policy/policy-context.ts';
import { durationLimits } from '../trust/session/session.ts';
import { packedSizeEstimate } from '../trust/session/session-tags.ts';
import { formatTime, type IssuedCredentials, type RoleSession, sessionArn } from './credential-store.ts';
import { ServiceRefusal } from './refusal.ts';
import type { Registry, Role } from './registry.ts';
import { type Accepted, type Service, sessionEnd } from './service.ts';
import { type AssumeRoleInput, readAssumeRoleInput } from './sts-input.ts';
import { renderResult } from './sts-xml.ts';

/** Of whom, by whom, and under which request id. */
export interface StsCall {
  readonly form: URLSearchParams;
  readonly caller: RoleSession;
  readonly requestId: string;
}

/**
 * AssumeRole by a role session, which makes it a link of a chain. Whether the caller's own policies allow the call is
 * not evaluated: the sandbox knows trust policies only.
 * @throws ServiceRefusal
 */
export function performAssumeRole(call: StsCall, service: Service): Accepted {
  const input = readAssumeRoleInput(call.form);
  const role = findRole(service.registry, input, call.caller);
  checkDuration(input, role);
  const inherited = inheritedTags(call.caller);
  checkTags(input, inherited);
  const packedSize = packedPercent(input);
  checkTrustPolicy({ input, role, inherited, caller: call.caller, service });
  const session: RoleSession = {
    role,
    name: input.roleSessionName,
    arn: sessionArn(role, input.roleSessionName),
    sourceIdentity: call.caller.sourceIdentity ?? input.sourceIdentity,
    tags: new Map([...inherited, ...input.tags]),
    transitiveTagKeys: new Set([...inherited.keys(), ...input.transitiveTagKeys]),
    expiration: sessionEnd(service, input.durationSeconds),
  };
  return accept(service.credentials.issue(session), packedSize, call.requestId);
}

function findRole(registry: Registry, input: AssumeRoleInput, caller: RoleSession): Role {
  const role = registry.roles.get(input.roleArn);
  if (role === undefined)
    throw denied('sts:AssumeRole', { arn: input.roleArn, caller }, `there is no role ${input.roleArn}`);
  return role;
}

function checkDuration(input: AssumeRoleInput, role: Role): void {
  if (input.durationSeconds > durationLimits.chained) {
    const message =
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.';
    throw invalid('ValidationError', message);
  }
  if (input.durationSeconds > role.maxSessionDuration) {
    throw invalid('ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
}

function inheritedTags(caller: RoleSession): ReadonlyMap<string, string> {
  return new Map([...caller.tags].filter(([key]) => caller.transitiveTagKeys.has(key)));
}

/** Keys are compared without case; an inherited tag cannot be given anew (IAM user guide, chaining with tags). */
function checkTags(input: AssumeRoleInput, inherited: ReadonlyMap<string, string>): void {
  const inheritedKeys = new Set([...inherited.keys()].map((key) => key.toLowerCase()));
  if ([...input.tags.keys()].some((key) => inheritedKeys.has(key.toLowerCase()))) {
    const message =
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the " +
      'calling session.';
    throw invalid('InvalidParameterValue', message);
  }
  const unknown = input.transitiveTagKeys.find((key) => !input.tags.has(key));
  if (unknown !== undefined) {
    const message = 'The specified transitive tag key must be included in the requested tags.';
    throw invalid('InvalidParameterValue', message);
  }
}

interface TrustCheck {
  readonly input: AssumeRoleInput;
  readonly role: Role;
  readonly inherited: ReadonlyMap<string, string>;
  readonly caller: RoleSession;
  readonly service: Service;
}

/** Tags and a source identity, brought along or inherited, each need their own action allowed. */
function checkTrustPolicy({ input, role, inherited, caller, service }: TrustCheck): void {
  const target = { arn: role.arn, caller };
  if (
    caller.sourceIdentity !== undefined &&
    (input.sourceIdentity ?? caller.sourceIdentity) !== caller.sourceIdentity
  ) {
    throw denied(
      'sts:SetSourceIdentity',
      target,
      `the source identity is "${caller.sourceIdentity}" and cannot change`,
    );
  }
  const hasTags = input.tags.size > 0 || inherited.size > 0;
  const sourceIdentity = caller.sourceIdentity ?? input.sourceIdentity;
  const actions = [
    'sts:AssumeRole',
    ...(hasTags ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const context = makePolicyContext({
    keys: {
      ...keysOfEveryRequest(service.now, service.registry.place.region),
      'aws:PrincipalArn': caller.role.arn,
      'aws:PrincipalAccount': caller.role.accountId,
      'aws:SourceIdentity': caller.sourceIdentity,
      'sts:SourceIdentity': sourceIdentity,
      'sts:ExternalId': input.externalId,
      'sts:RoleSessionName': input.roleSessionName,
    },
    principalTags: caller.tags,
    requestTags: input.tags,
    transitiveTagKeys: [...inherited.keys(), ...input.transitiveTagKeys],
  });
  const principal = principalOf(caller);
  for (const action of actions) {
    const reason = role.trustPolicy.denial({ action, principal, context });
    if (reason !== undefined) throw denied(action, target, reason);
  }
}

function principalOf(caller: RoleSession): { kind: 'role-session'; accountId: string; arns: string[] } {
  const { accountId, arn } = caller.role;
  const partition = arn.split(':')[1] ?? 'aws';
  return { kind: 'role-session', accountId, arns: [`arn:${partition}:iam::${accountId}:root`, arn, caller.arn] };
}

/** Percent of the limit that policies and tags share. */
function packedPercent(input: AssumeRoleInput): number {
  const percent = packedSizeEstimate({ tags: input.tags, policyCharacters: input.policySize });
  if (percent <= 100) return percent;
  const message = `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`;
  throw invalid('PackedPolicyTooLarge', message);
}

function accept(issued: IssuedCredentials, packedSize: number, requestId: string): Accepted {
  const { session, accessKeyId, secretAccessKey, sessionToken } = issued;
  const result = {
    SourceIdentity: session.sourceIdentity,
    AssumedRoleUser: { AssumedRoleId: `${session.role.id}:${session.name}`, Arn: session.arn },
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: formatTime(session.expiration),
    },
    PackedPolicySize: packedSize === 0 ? undefined : packedSize,
  };
  return { status: 200, body: renderResult('AssumeRole', result, requestId), session };
}

function denied(action: string, target: { arn: string; caller: RoleSession }, reason: string): ServiceRefusal {
  const message = `User: ${target.caller.arn} is not authorized to perform: ${action} on resource: ${target.arn}`;
  return new ServiceRefusal({ status: 403, code: 'AccessDenied', message, reason });
}

function invalid(code: string, message: string): ServiceRefusal {
  return new ServiceRefusal({ status: 400, code, message, reason: `invalid input, ${message}` });
}
