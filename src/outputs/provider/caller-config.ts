import type { CallerConfig, FromRolesAnywhereInit } from './init.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A profile that is looked at without having been asked for by name, and who names it. */
export interface ProfileName {
  readonly name: string;
  /** As messages call it: `profile on-prem (AWS_PROFILE)`. */
  readonly origin: string;
}

/**
 * The profile to look at, as `fromIni` finds it: that of the client, of AWS_PROFILE, or `default`. None where the init
 * names one, or where it or the environment gives an ARN: a profile's must not be mixed with these.
 */
export function profileName(
  init: FromRolesAnywhereInit,
  caller: CallerConfig | undefined,
  env: Environment,
): ProfileName | undefined {
  if (isDecided(init, env)) return undefined;
  const ofClient = clientProfile(init, caller, env);
  if (ofClient !== undefined) return { name: ofClient, origin: `profile ${ofClient} (of the client)` };
  const ofEnvironment = env['AWS_PROFILE'];
  if (ofEnvironment) return { name: ofEnvironment, origin: `profile ${ofEnvironment} (AWS_PROFILE)` };
  return { name: 'default', origin: 'profile default' };
}

/** The same of the client alone. What was got for one profile is not for clients of another. */
export function clientProfile(
  init: FromRolesAnywhereInit,
  caller: CallerConfig | undefined,
  env: Environment,
): string | undefined {
  // Of an init that is none, checkInit says so.
  if (typeof init !== 'object' || init === null || isDecided(init, env)) return undefined;
  const name: unknown = init.parentClientConfig?.profile || caller?.profile;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

const arnVariables = ['TRUST_ANCHOR_ARN', 'PROFILE_ARN', 'ROLE_ARN'].map((name) => `ROLES_ANYWHERE_${name}`);

function isDecided(init: FromRolesAnywhereInit, env: Environment): boolean {
  const { profile, trustAnchorArn, profileArn, roleArn } = init;
  return (
    [profile, trustAnchorArn, profileArn, roleArn].some((given) => given !== undefined) ||
    arnVariables.some((name) => Boolean(env[name]))
  );
}
