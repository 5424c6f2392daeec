import type { CredentialPlan } from '../../credential-plan.ts';
import { RolesAnywhereError } from '../../errors.ts';
import type { IdentityContext } from '../../identity/identity.ts';
import { resolvePlan } from '../../options/resolve-plan.ts';
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

/**
 * Makes of the init what the pipeline takes, as the command does of its flags: the init is the nearest source, then
 * come environment and profile.
 *
 * @param init checked by `checkInit`
 * @throws RolesAnywhereError OPTION_*, ARN_*, ENDPOINT_INVALID, CONFIG_*, NOT_CONFIGURED: every fault of a way at once
 */
export async function resolveInit(init: FromRolesAnywhereInit, surroundings: Surroundings): Promise<CredentialPlan> {
  const { targets, failoverOnRefusal } = await resolveFirst(init, surroundings);
  const further = [];
  for (const [at, fallback] of (init.fallback ?? []).entries()) {
    further.push(...(await resolveFallback(fallback, `fallback[${at}]: `, surroundings)));
  }
  return { targets: [...targets, ...further], failoverOnRefusal };
}

/** Nothing at all is no mistake, unless there are others to fall back on. */
async function resolveFirst(init: FromRolesAnywhereInit, surroundings: Surroundings): Promise<CredentialPlan> {
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
): Promise<CredentialPlan['targets']> {
  try {
    checkFallback(init);
    return (await resolveTarget(init, { ...surroundings, profile: undefined })).targets;
  } catch (error) {
    throw inCallersWords(asMistake(error), place);
  }
}

async function resolveTarget(
  init: RolesAnywhereTarget,
  { env, context, profile }: Surroundings,
): Promise<CredentialPlan> {
  const environment = withFile(env, init);
  const values = await readWay(flagsOf(init), environment, profile);
  const plan = await resolvePlan(values, environment);
  const [first, ...others] = plan.targets;
  return {
    ...plan,
    targets: [withGivenParts(first, init, context), ...others.map((target) => withGivenParts(target, init, context))],
  };
}

function withFile(env: Environment, { configFilepath, filepath }: RolesAnywhereTarget): Environment {
  return {
    ...env,
    ...(configFilepath === undefined ? {} : { AWS_CONFIG_FILE: configFilepath }),
    ...(filepath === undefined ? {} : { AWS_SHARED_CREDENTIALS_FILE: filepath }),
  };
}
