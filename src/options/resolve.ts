import { RolesAnywhereError } from '../errors.ts';
import type { CredentialRequest } from '../pipeline.ts';
import type { EndpointOptions, NetworkOptions, SessionRequest } from '../session/session-request.ts';
import { type Arn, type ArnKind, checkArnsTogether, isRegion, parseArn } from './arn.ts';
import type { OptionValues } from './option-values.ts';
import { Problems } from './problems.ts';
import { missingOptions, resolveIdentity } from './resolve-identity.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const required = ['trust-anchor-arn', 'profile-arn', 'role-arn', 'certificate'];

/**
 * Makes of the options what the pipeline takes, with everything checked that needs neither key nor network.
 *
 * @param env read for the proxy variables alone
 * @throws RolesAnywhereError OPTION_*, ARN_*: everything wrong at once
 */
export function resolveCredentialRequest(values: OptionValues, env: Environment): CredentialRequest {
  const problems = new Problems();
  const missing = required.filter((flag) => values.text(flag) === undefined);
  if (missing.length > 0) problems.add(missingOptions(missing));
  const arns = readArns(values, problems);
  const session = problems.try(() => sessionOf(arns, values));
  const identity = problems.try(() => resolveIdentity(values));
  problems.throwAny();
  if (identity === undefined || session === undefined || arns.trustAnchor === undefined) {
    throw new RolesAnywhereError('INTERNAL', 'an option was missing and not noticed');
  }
  return {
    identity,
    session,
    endpoint: endpointOf(arns.trustAnchor.partition, session.region, values),
    network: networkOf(values, env),
  };
}

interface Arns {
  readonly trustAnchor: Arn | undefined;
  readonly profile: Arn | undefined;
  readonly role: Arn | undefined;
}

function readArns(values: OptionValues, problems: Problems): Arns {
  const read = (kind: ArnKind, flag: string): Arn | undefined => {
    const text = values.text(flag);
    if (text === undefined) return undefined;
    return problems.try(() => parseArn(kind, { text, origin: values.origin(flag) }));
  };
  const trustAnchor = read('trust anchor', 'trust-anchor-arn');
  const profile = read('profile', 'profile-arn');
  const role = read('role', 'role-arn');
  checkArnsTogether(trustAnchor, profile, role, problems);
  return { trustAnchor, profile, role };
}

/** The request's body; undefined while an ARN is wanting, which is a problem of its own. */
function sessionOf({ trustAnchor, profile, role }: Arns, values: OptionValues): SessionRequest | undefined {
  const roleSessionName = values.text('role-session-name');
  const givenRegion = values.text('region');
  if (givenRegion !== undefined && !isRegion(givenRegion)) {
    throw invalid(values, 'region', `must be a region such as eu-west-1, not ${JSON.stringify(givenRegion)}`);
  }
  // STS AssumeRole, RoleSessionName.
  if (roleSessionName !== undefined && !/^[\w+=,.@-]{2,64}$/.test(roleSessionName)) {
    throw invalid(values, 'role-session-name', 'must be 2 to 64 letters, digits or characters of _+=,.@-');
  }
  const durationSeconds = values.integer('session-duration');
  if (trustAnchor === undefined || profile === undefined || role === undefined) return undefined;
  return {
    trustAnchorArn: trustAnchor.text,
    profileArn: profile.text,
    roleArn: role.text,
    region: givenRegion ?? trustAnchor.region,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(roleSessionName === undefined ? {} : { roleSessionName }),
  };
}

function invalid(values: OptionValues, flag: string, what: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', `${values.origin(flag)} ${what}`);
}

function endpointOf(partition: string, region: string, values: OptionValues): EndpointOptions {
  const url = values.text('endpoint');
  return {
    partition,
    region,
    ...(url === undefined ? {} : { custom: { url, option: values.origin('endpoint') } }),
    fips: values.isOn('use-fips-endpoint'),
    dualStack: values.isOn('use-dualstack-endpoint'),
  };
}

function networkOf(values: OptionValues, env: Environment): NetworkOptions {
  const caBundle = values.text('ca-bundle');
  const milliseconds = (flag: string): number => (values.integer(flag) ?? 60) * 1000;
  return {
    ...(caBundle === undefined ? {} : { caBundle: { path: caBundle, option: values.origin('ca-bundle') } }),
    verify: !values.isOn('no-verify-ssl'),
    ...(values.isOn('with-proxy') ? { proxies: proxiesOf(env) } : {}),
    maxAttempts: values.integer('max-attempts') ?? 3,
    connectTimeout: milliseconds('connect-timeout'),
    requestTimeout: milliseconds('request-timeout'),
  };
}

/** The upper-case variable goes first, as with the official helper. */
function proxiesOf(env: Environment): NonNullable<NetworkOptions['proxies']> {
  return {
    http: env['HTTP_PROXY'] || env['http_proxy'],
    https: env['HTTPS_PROXY'] || env['https_proxy'],
    none: env['NO_PROXY'] || env['no_proxy'],
  };
}
