import type { RefusalName } from '../../core/refusal-name.ts';
import { otherRegion } from '../http/explain-endpoint.ts';
import { dateOf } from '../create-session/service-errors.ts';
import type { RefusalExplanation } from '../create-session/explain-refusal.ts';
import { clockSkew } from '../create-session/local-checks.ts';
import type { RoleCall } from './role-hop.ts';

/** What STS said, as far as an error of the SDK tells. Empty where it says nothing. */
export interface StsRefusal {
  readonly status: number;
  /** `AccessDenied`. */
  readonly type: string;
  readonly message: string;
  readonly requestId: string | undefined;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

type Explain = (refusal: StsRefusal, call: RoleCall) => readonly string[];

/** By the codes of STS (API reference, AssumeRole and common errors), with those of older SDKs beside them. */
const explanations: readonly (readonly [RegExp, RefusalName, Explain])[] = [
  [/^AccessDenied/, 'trust-policy', explainDenied],
  [/^ExpiredToken/, 'credentials', explainExpired],
  [/^RegionDisabled|^OptInRequired/, 'region', explainRegion],
  [/^InvalidClientTokenId|^UnrecognizedClient/, 'region', explainUnknownKeys],
  [/^MalformedPolicyDocument/, 'parameter', explainPolicy],
  [/^PackedPolicyTooLarge/, 'packed-size', explainPackedSize],
  [/^InvalidParameterValue/, 'parameter', explainParameter],
  [/^Validation/, 'parameter', explainValidation],
  [/^SignatureDoesNotMatch|^InvalidSignature|^RequestExpired|^RequestTimeTooSkewed/, 'request', explainSignature],
];

/** Seconds; STS accepts 15 minutes. */
const certainSkew = 300;

/** Says why STS may have refused a hop, the likeliest cause first. */
export function explainStsRefusal(refusal: StsRefusal, call: RoleCall, now: Date): RefusalExplanation {
  const date = dateOf(refusal.headers['date']);
  const skew = date === undefined ? 0 : clockSkew(now, date);
  const known = explanations.find(([pattern]) => pattern.test(refusal.type));
  const [, causeName, explain] = known ?? [undefined, 'unknown' as const, explainOther];
  const elsewhere = causeName === 'request' ? endpointElsewhere(call) : undefined;
  const hints = elsewhere === undefined ? explain(refusal, call) : [elsewhere];
  if (Math.abs(skew) < certainSkew)
    return { causeName: nameOf(refusal, elsewhere === undefined ? causeName : 'region'), hints };
  const way = skew > 0 ? 'ahead of' : 'behind';
  return {
    // Who is let in by the signature is refused for something else, whatever the clock.
    causeName: causeName === 'trust-policy' ? causeName : 'clock',
    hints: [`the clock of this machine is ${Math.abs(skew)} seconds ${way} STS: set it`, ...hints],
  };
}

/**
 * A signature is for one region, and an endpoint takes those for its own alone. Nothing is said where a caller's own
 * settings decide about either in a way that is not seen here.
 */
function endpointElsewhere(call: RoleCall): string | undefined {
  const { endpoint, region } = call.sts.clientConfig ?? {};
  const isByFunction = call.hop.region === undefined && typeof region === 'function';
  if (endpoint !== undefined || isByFunction) return undefined;
  const { url } = call.sts.endpoint ?? { url: '' };
  return URL.canParse(url) ? otherRegion(new URL(url).hostname, regionOf(call)) : undefined;
}

function nameOf(refusal: StsRefusal, causeName: RefusalName): RefusalName {
  return isOfDuration(refusal) ? 'duration' : causeName;
}

function isOfDuration({ type, message }: StsRefusal): boolean {
  return type.startsWith('Validation') && /duration|1 hour/i.test(message);
}

/** What the certificate brings along makes STS ask the trust policy for more than sts:AssumeRole. */
const alsoAsked: ReadonlyMap<string, string> = new Map([
  ['sts:TagSession', 'credentials of IAM Roles Anywhere carry session tags that go on along the chain'],
  ['sts:SetSourceIdentity', 'credentials of IAM Roles Anywhere carry a source identity that goes on along the chain'],
]);

function explainDenied({ message }: StsRefusal, call: RoleCall): readonly string[] {
  const { hop, callerArn } = call;
  const action = /not authorized to perform: (sts:\w+)/.exec(message)?.[1] ?? '';
  const reason = alsoAsked.get(action);
  const allow =
    reason === undefined
      ? 'must allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity: credentials of IAM Roles Anywhere carry session tags and a source identity'
      : `must allow ${action} beside sts:AssumeRole: ${reason}`;
  return [
    `the trust policy of ${hop.roleArn} ${allow}`,
    // IAM user guide, "Permissions required to set source identity": chaining asks both roles for them.
    `its principal must be ${callerArn} or the account of that role, and the policies of that role must allow the same actions on ${hop.roleArn}`,
    hop.externalId === undefined
      ? 'no external id was given: the trust policy may ask for one (sts:ExternalId)'
      : 'the external id that was given must be the one of the trust policy (sts:ExternalId)',
    ...(hop.tags === undefined
      ? []
      : ['conditions of the trust policy on aws:RequestTag or aws:TagKeys must hold for the tags that were given']),
    'what remains is a role that does not exist, or an SCP of the organization',
  ];
}

function explainExpired(_refusal: StsRefusal, { callerArn }: RoleCall): readonly string[] {
  return [`the credentials of ${callerArn} have expired: check the clock of this machine`];
}

function explainRegion(_refusal: StsRefusal, call: RoleCall): readonly string[] {
  return [
    `activate STS in ${regionOf(call)} in the account settings of IAM, or name another region for this hop (region)`,
  ];
}

function explainUnknownKeys(_refusal: StsRefusal, call: RoleCall): readonly string[] {
  return [
    `the account of ${call.callerArn} may not have enabled the region ${regionOf(call)}: enable it, or name another region for this hop (region)`,
    'check that the endpoint of STS is one of the same partition',
  ];
}

/** The one that was asked, as far as it is known here: a caller's own settings may name another. */
function regionOf({ hop, region, sts }: RoleCall): string {
  const given = sts.clientConfig?.region;
  if (hop.region !== undefined) return hop.region;
  return typeof given === 'function' ? 'the region that clientConfig.region gives' : (given ?? region);
}

function explainPolicy(): readonly string[] {
  return [
    'policy must be an IAM policy document without a principal: check its version, effects, actions and resources',
  ];
}

function explainPackedSize({ message }: StsRefusal): readonly string[] {
  const percent = /\d+ ?(?:%|percent)/i.exec(message)?.[0];
  return [
    `session policy, policyArns and tags are packed into one limit, and are ${percent ?? 'more than 100%'} of it: shorten them`,
    'tags of the certificate count too: the attribute mappings of the Roles Anywhere profile decide which of them are set',
  ];
}

function explainParameter(_refusal: StsRefusal, { hop }: RoleCall): readonly string[] {
  if (hop.tags === undefined) return ['check the session name, the policies and the external id of this hop'];
  return [
    'a tag that came along from the hop before cannot be given again: those of the certificate begin with x509Subject/, x509Issuer/ or x509SAN/',
    'transitiveTagKeys may name only keys of tags, and keys that differ in case alone are one key',
  ];
}

function explainValidation(refusal: StsRefusal, { hop }: RoleCall): readonly string[] {
  if (!isOfDuration(refusal)) return ['check the session name, the policies, the tags and the external id'];
  return [
    `asked for were ${hop.durationSeconds ?? 3600} seconds: a role assumed with the credentials of another is for one hour at the most, and for no longer than its own maximum session duration`,
  ];
}

function explainSignature(): readonly string[] {
  return [
    'check the clock of this machine',
    'what remains is a proxy that changes headers or body, or an endpoint that is not that of STS',
  ];
}

function explainOther(): readonly string[] {
  return ['check that it is STS that answers at the endpoint, and no proxy'];
}
