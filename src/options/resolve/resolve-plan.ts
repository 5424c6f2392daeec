import type { CredentialPlan, CredentialRequest, CredentialTarget } from '../../pipeline/credential-plan.ts';
import type { Environment, OptionValues } from '../parse/option-values.ts';
import type { ByteSource, IdentitySource } from '../../identity/identity.ts';
import type { NetworkOptions } from '../../aws/create-session/session-request.ts';
import { isRegion, isSessionName, parseArn } from './arn.ts';
import { parseByteSource, passwordOf } from './sources.ts';

/**
 * Makes of the options what the pipeline takes: a target for each profile that `--from-profile` names.
 *
 * @throws RolesAnywhereError OPTION_*, ARN_*, ENDPOINT_INVALID, CONFIG_*: every fault at once
 */
export async function resolvePlan(values: OptionValues, env: Environment): Promise<CredentialPlan> {
  const resolve = (one: OptionValues) => resolveTarget(one, env);
  return {
    targets: [await resolve(values), ...(await Promise.all(values.others.map(resolve)))],
    failoverOnRefusal: values.isOn('failover-on-refusal'),
  };
}

/** The target of one profile, or of flags and environment alone, whatever other profiles there are. */
export async function resolveTarget(values: OptionValues, env: Environment): Promise<CredentialTarget> {
  const name = values.profileName ?? values.text('trust-anchor-arn') ?? '';
  return { name, request: (await resolveCredentialRequest(values, env)) ?? (await explain(values, env)) };
}

async function explain(values: OptionValues, env: Environment): Promise<never> {
  const { throwRequestProblems } = await import('../explain/explain-request.ts');
  return throwRequestProblems(values, env);
}

/**
 * Makes of the options what the pipeline takes, with everything checked that needs neither key nor network.
 *
 * @param env read for proxies and trusted certificates alone
 * @returns undefined when something is missing or wrong: explain-request.ts, off the hot path, says what
 */
export async function resolveCredentialRequest(
  values: OptionValues,
  env: Environment,
): Promise<CredentialRequest | undefined> {
  const arns = resolveArns(values);
  const identity = await resolveIdentity(values);
  const region = values.text('region') ?? arns?.region ?? '';
  const durationSeconds = values.integer('session-duration');
  const roleSessionName = values.text('role-session-name');
  if (arns === undefined || identity === undefined || !isRegion(region)) return undefined;
  if (roleSessionName !== undefined && !isSessionName(roleSessionName)) return undefined;
  const { trustAnchorArn, profileArn, roleArn, partition } = arns;
  const roles = await resolveRoles(values);
  if (roles === undefined) return undefined;
  const url = values.text('endpoint');
  return {
    ...roles,
    identity,
    session: {
      trustAnchorArn,
      profileArn,
      roleArn,
      region,
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
      ...(roleSessionName === undefined ? {} : { roleSessionName }),
    },
    endpoint: {
      partition,
      region,
      ...(url === undefined ? {} : { custom: { url, option: values.origin('endpoint') } }),
      fips: values.isOn('use-fips-endpoint'),
      dualStack: values.isOn('use-dualstack-endpoint'),
    },
    network: networkOf(values, env),
  };
}

/** An external ID without a role is refused there. */
async function resolveRoles(values: OptionValues): Promise<Pick<CredentialRequest, 'roleChain' | 'sts'> | undefined> {
  const isAsked = values.profileChain.length > 0 || values.isGiven('assume-role') || values.isGiven('external-id');
  return isAsked ? (await import('./resolve-role-chain.ts')).resolveRoleChain(values) : {};
}

/** Trust anchor and profile are of one partition, region and account, the role of their partition and account. */
function resolveArns(values: OptionValues) {
  const [trustAnchorArn = '', profileArn = '', roleArn = ''] = [
    values.text('trust-anchor-arn'),
    values.text('profile-arn'),
    values.text('role-arn'),
  ];
  const trustAnchor = parseArn('trust anchor', trustAnchorArn);
  const profile = parseArn('profile', profileArn);
  const role = parseArn('role', roleArn);
  if (trustAnchor === undefined || profile === undefined || role === undefined) return undefined;
  const { partition, region, account } = trustAnchor;
  const isInPlace = [profile, role].every((arn) => arn.partition === partition && arn.account === account);
  return isInPlace && profile.region === region
    ? { trustAnchorArn, profileArn, roleArn, partition, region }
    : undefined;
}

/** Files and the like are told apart here; whatever else there is, right or wrong, is left to a file of its own. */
async function resolveIdentity(values: OptionValues): Promise<IdentitySource | undefined> {
  const certificate = byteSource(values, 'certificate');
  const privateKey = byteSource(values, 'private-key');
  const intermediates = byteSource(values, 'intermediates');
  const keyPassword = passwordOf(values, 'pkcs8-password');
  const isUsual = privateKey !== null && intermediates !== null && keyPassword?.kind !== 'fd';
  if (!certificate || !isUsual || values.rows.some((row) => row.hardware)) {
    return (await import('./resolve-identity.ts')).resolveIdentity(values);
  }
  return {
    certificate,
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(intermediates === undefined ? {} : { intermediates }),
    ...(keyPassword === undefined ? {} : { keyPassword }),
  };
}

/** Undefined for an option that nobody gave, null for one that this may not be able to read. */
function byteSource(values: OptionValues, flag: string): ByteSource | undefined | null {
  const text = values.text(flag);
  if (text === undefined) return undefined;
  return parseByteSource(text, values.origin(flag)) ?? null;
}

/** How AWS is reached. */
export function networkOf(values: OptionValues, env: Environment): NetworkOptions {
  const path = values.text('ca-bundle');
  return {
    ...(path === undefined ? {} : { caBundle: { path, option: values.origin('ca-bundle') } }),
    ...rootsOf(env),
    verify: !values.isOn('no-verify-ssl'),
    ...(values.isOn('with-proxy') ? proxyOf(env) : {}),
    maxAttempts: Number(values.text('max-attempts')),
    connectTimeout: Number(values.text('connect-timeout')) * 1000,
    requestTimeout: Number(values.text('request-timeout')) * 1000,
  };
}

function rootsOf(env: Environment): Pick<NetworkOptions, 'roots'> {
  const roots = { file: env['SSL_CERT_FILE'], folders: env['SSL_CERT_DIR'], extra: env['NODE_EXTRA_CA_CERTS'] };
  return roots.file || roots.folders || roots.extra ? { roots } : {};
}

/** The upper-case variable goes first, as with the official helper. */
function proxyOf(env: Environment): Pick<NetworkOptions, 'proxy'> {
  const option = env['HTTPS_PROXY'] ? 'HTTPS_PROXY' : 'https_proxy';
  const url = env[option];
  return url ? { proxy: { url, option, except: env['NO_PROXY'] || env['no_proxy'] } } : {};
}
