import type { CredentialPlan, CredentialTarget } from '../../pipeline/credential-plan.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { resolvePlan } from '../../options/resolve/resolve-plan.ts';
import { inPropertyNames } from './provider-error.ts';
import { checkFallback } from './check-init.ts';
import { flagsOf, providerOptions } from './flags-of.ts';
import type { FromRolesAnywhereInit, RolesAnywhereTarget } from './init.ts';
import type { ProfileName } from './caller-config.ts';
import { gatherValues, readValues } from '../../options/parse/read-values.ts';
import { environmentName, type OptionRow } from '../../options/schema/option.ts';
import type { OptionValues } from '../../options/parse/option-values.ts';
import type { ParsedFlags } from '../../options/parse/parse-flags.ts';
import { settings } from '../../options/schema/table.ts';
import { checkHop } from '../../aws/assume-role/check-hop.ts';
import type { NamedHop, RoleHop } from '../../aws/assume-role/role-hop.ts';
import { type ClockedContext, initIdentity } from './init-identity.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Surroundings {
  readonly env: Environment;
  /** What opens certificates and keys whenever they are needed. */
  readonly context: ClockedContext;
  /** The one to look at where the init decides nothing; a fallback decides by itself. */
  readonly profile: ProfileName | undefined;
}

/** What an init comes to. */
export interface ResolvedInit {
  readonly plan: CredentialPlan;
  /** Names of the targets that profiles gave. */
  readonly profiles: readonly string[];
  /** Of the first way: it names the program, whichever way serves. */
  readonly appId: string | undefined;
}

/**
 * Makes of the init what the pipeline takes, as the command does of its flags: the init is the nearest source, then
 * come environment and profile.
 *
 * @param init checked by `checkInit`
 * @throws RolesAnywhereError OPTION_*, ARN_*, ENDPOINT_INVALID, CONFIG_*, NOT_CONFIGURED: every fault of a way at once
 */
export async function resolveInit(init: FromRolesAnywhereInit, surroundings: Surroundings): Promise<ResolvedInit> {
  const first = await resolveFirst(init, surroundings);
  const further: ResolvedInit[] = [];
  for (const [at, fallback] of (init.fallback ?? []).entries()) {
    further.push(await resolveFallback(fallback, `fallback[${at}]: `, surroundings));
  }
  return {
    ...first,
    plan: { ...first.plan, targets: [...first.plan.targets, ...further.flatMap(({ plan }) => plan.targets)] },
    profiles: [first, ...further].flatMap(({ profiles }) => profiles),
  };
}

/** Nothing at all is no mistake, unless there are others to fall back on. */
async function resolveFirst(init: FromRolesAnywhereInit, surroundings: Surroundings): Promise<ResolvedInit> {
  try {
    return await resolveTarget(init, surroundings);
  } catch (error) {
    throw (init.fallback ?? []).length > 0 ? asMistake(error) : error;
  }
}

/** Half a configuration: who gave a fallback meant to get credentials here. */
function asMistake(error: unknown): unknown {
  if (!(error instanceof RolesAnywhereError) || error.code !== 'NOT_CONFIGURED') return error;
  return new RolesAnywhereError('OPTION_MISSING', error.message, { hints: error.hints });
}

async function resolveFallback(
  init: RolesAnywhereTarget,
  place: string,
  surroundings: Surroundings,
): Promise<ResolvedInit> {
  try {
    checkFallback(init);
    return await resolveTarget(init, { ...surroundings, profile: undefined });
  } catch (error) {
    throw inPropertyNames(asMistake(error), place);
  }
}

async function resolveTarget(
  init: RolesAnywhereTarget,
  { env, context, profile }: Surroundings,
): Promise<ResolvedInit> {
  const environment = withFile(env, init);
  const values = await readWay(flagsOf(init), environment, profile);
  for (const warning of [values, ...values.others].flatMap(({ warnings }) => warnings)) context.warn(warning);
  const plan = await resolvePlan(values, environment);
  const [first, ...others] = plan.targets;
  const withParts = (target: CredentialTarget): CredentialTarget => withGivenParts(target, init, context);
  return {
    plan: { ...plan, targets: [withParts(first), ...others.map(withParts)] },
    profiles: [values, ...values.others].flatMap(({ profileName }) => profileName ?? []),
    appId: values.text('user-agent-app-id'),
  };
}

function withFile(env: Environment, { configFilepath, filepath }: RolesAnywhereTarget): Environment {
  return {
    ...env,
    ...(configFilepath === undefined ? {} : { AWS_CONFIG_FILE: configFilepath }),
    ...(filepath === undefined ? {} : { AWS_SHARED_CREDENTIALS_FILE: filepath }),
  };
}

/**
 * Options of a way from init, environment and profile.
 *
 * @param profile the one to look at where neither `profile` nor ARNs are given; undefined for none
 * @throws RolesAnywhereError OPTION_*, CONFIG_*, FILE_FAILED; NOT_CONFIGURED where nothing says whose credentials
 */
async function readWay(flags: ParsedFlags, env: Environment, profile: ProfileName | undefined): Promise<OptionValues> {
  if (flags.given.has('from-profile')) return readValues(providerOptions, flags, env);
  const found = profile === undefined ? undefined : await lookAt(profile, env);
  const values = await gatherValues(providerOptions, { flags, env, profile: found });
  if (found === undefined && !values.rows.some((row) => isDeciding(row, values))) throw await notConfigured(profile);
  return values;
}

async function lookAt({ name, origin }: ProfileName, env: Environment) {
  const { readImpliedProfile } = await import('../../options/profile/implied-profile.ts');
  return readImpliedProfile(name, origin, env);
}

/** Variables that others read too, such as PKCS11_MODULE_PATH, were not set for us; one that is empty may stand for none. */
function isDeciding(row: OptionRow, values: OptionValues): boolean {
  const origin = values.origin(row.flag);
  const isOurs = origin === `--${row.flag}` || (origin === environmentName(row) && values.text(row.flag) !== '');
  return isOurs && !settings.includes(row.flag) && (row.kind !== 'list' || values.list(row.flag).length > 0);
}

async function notConfigured(profile: ProfileName | undefined): Promise<RolesAnywhereError> {
  const { missingOptions } = await import('../../options/explain/explain-request.ts');
  const { message, hints } = missingOptions(['trust-anchor-arn', 'profile-arn', 'role-arn', 'certificate']);
  return new RolesAnywhereError('NOT_CONFIGURED', `nothing is configured: ${message}`, {
    hints: [
      ...hints,
      ...(profile === undefined ? [] : [`${profile.origin} is not there, or has no options of Roles Anywhere`]),
    ],
  });
}

/**
 * Puts into a target what the options, being text, cannot hold: key material itself, functions, an identity of the
 * caller's, roles with more than an ARN, the settings of an STS client.
 *
 * @throws RolesAnywhereError OPTION_INVALID, ARN_INVALID, ARN_MISMATCH
 */
function withGivenParts(
  { name, request }: CredentialTarget,
  init: RolesAnywhereTarget,
  context: ClockedContext,
): CredentialTarget {
  const { fips, dualStack, partition } = request.endpoint;
  const { clientConfig, roleChain } = init;
  const hops = roleChain === undefined ? request.roleChain : withHops(request.roleChain ?? [], roleChain);
  // Of a fallback too: what is wrong with it is told before the day it is needed.
  for (const hop of hops ?? []) checkHop(hop, partition);
  return {
    name,
    request: {
      ...request,
      identity: initIdentity(request.identity, init, context),
      ...(hops === undefined ? {} : { roleChain: hops }),
      ...(clientConfig === undefined ? {} : { sts: { fips, dualStack, ...request.sts, clientConfig } }),
    },
  };
}

/** The roles of the init stand at the end of the chain already, by their ARNs; those before are the profile's. */
function withHops(chain: readonly NamedHop[], given: readonly RoleHop[]): readonly NamedHop[] {
  const named = given.map((hop, at) => ({ ...hop, option: `roleChain[${at}]` }));
  return [...chain.slice(0, chain.length - given.length), ...named];
}
