import type { CredentialPlan } from '../../credential-plan.ts';
import { RolesAnywhereError } from '../../errors.ts';
import type { IdentityContext } from '../../identity/identity.ts';
import { readValues } from '../../options/read-values.ts';
import { resolvePlan } from '../../options/resolve-plan.ts';
import { inCallersWords } from './callers-words.ts';
import { flagsOf, providerOptions } from './flags-of.ts';
import type { FromRolesAnywhereInit, RolesAnywhereTarget } from './init.ts';
import { withGivenParts } from './given-parts.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Surroundings {
  readonly env: Environment;
  /** What opens certificates and keys whenever they are needed. */
  readonly context: IdentityContext;
}

/**
 * Makes of the init what the pipeline takes, as the command does of its flags: the init is the nearest source, then
 * come environment and profile.
 *
 * @throws RolesAnywhereError OPTION_*, ARN_*, ENDPOINT_INVALID, CONFIG_*: every fault of a way at once
 */
export async function resolveInit(init: FromRolesAnywhereInit, surroundings: Surroundings): Promise<CredentialPlan> {
  const { targets, failoverOnRefusal } = await resolveTarget(init, surroundings);
  const further = [];
  for (const [at, fallback] of (init.fallback ?? []).entries()) {
    further.push(...(await resolveFallback(fallback, `fallback[${at}]: `, surroundings)));
  }
  return { targets: [...targets, ...further], failoverOnRefusal };
}

async function resolveFallback(
  init: RolesAnywhereTarget,
  place: string,
  surroundings: Surroundings,
): Promise<CredentialPlan['targets']> {
  try {
    return (await resolveTarget(init, surroundings)).targets;
  } catch (error) {
    throw inCallersWords(error, place);
  }
}

async function resolveTarget(init: RolesAnywhereTarget, { env, context }: Surroundings): Promise<CredentialPlan> {
  refuseSecondIdentity(init);
  const environment = withFile(env, init);
  const values = await readValues(providerOptions, flagsOf(init), environment);
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

function refuseSecondIdentity(init: RolesAnywhereTarget): void {
  if (init.identity === undefined) return;
  const other = (['certificate', 'privateKey', 'intermediates'] as const).find((name) => init[name] !== undefined);
  if (other === undefined) return;
  throw new RolesAnywhereError('OPTION_CONFLICT', `identity and ${other} exclude each other`, {
    hints: ['an identity has certificate, chain and key of its own: give one of the two'],
  });
}
