import type { CredentialPlan, CredentialTarget } from '../../pipeline/credential-plan.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { IdentityContext } from '../../identity/identity.ts';
import { resolvePlan } from '../../options/resolve/resolve-plan.ts';
import { inCallersWords } from './callers-words.ts';
import { checkFallback } from './check-init.ts';
import { flagsOf } from './flags-of.ts';
import type { FromRolesAnywhereInit, RolesAnywhereTarget } from './init.ts';
import { withGivenParts } from './given-parts.ts';
import type { ProfileName } from './profile-name.ts';
import { readWay } from './read-way.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Surroundings {
  readonly env: Environment;
  /** What opens certificates and keys whenever they are needed. */
  readonly context: IdentityContext;
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
    throw inCallersWords(asMistake(error), place);
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
