import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RolesAnywhereError } from '../errors.ts';
import { type AwsConfig, type ConfigSection, parseAwsConfig } from './aws-config.ts';
import type { ProfileKeys } from './gather-values.ts';
import { nearest } from '../nearest.ts';
import { profileKeyName } from './option-row.ts';
import { signStringRows } from './sign-string-table.ts';
import { optionTable } from './table.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the profile that `--from-profile` names, in the file of AWS_CONFIG_FILE or `~/.aws/config`.
 *
 * @throws RolesAnywhereError CONFIG_PROFILE when file, profile or a source_profile is missing; CONFIG_INVALID for a
 *   cycle or a key that contradicts or is unknown; FILE_FAILED when the file cannot be read; OPTION_NOT_BUILT for a
 *   profile that needs role chaining
 */
export function readProfile(name: string, env: Environment): ProfileKeys {
  const path = configPath(env);
  const config = parseAwsConfig(readConfigFile(path));
  const keys = followSources(name, config, path);
  checkKeyNames(keys);
  return { name, keys: withService(keys, config, path) };
}

/** Where the SDKs look for it: AWS_CONFIG_FILE, a `~/` at its beginning being the home folder. */
function configPath(env: Environment): string {
  const given = env['AWS_CONFIG_FILE'];
  const home = env['HOME'] || env['USERPROFILE'] || homedir();
  if (given === undefined || given === '') return join(home, '.aws', 'config');
  return given.startsWith('~/') ? join(home, given.slice(2)) : given;
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new RolesAnywhereError('CONFIG_PROFILE', `--from-profile needs ${path}, which does not exist`, {
        cause,
        hints: ['AWS_CONFIG_FILE names another file'],
      });
    }
    throw new RolesAnywhereError('FILE_FAILED', `cannot read ${path}: ${code}`, { cause });
  }
}

/**
 * The profile with the Roles Anywhere keys that `name` leads to by role_arn and source_profile.
 *
 * Every step on the way is a role to assume, and role chaining is not built yet.
 */
function followSources(name: string, config: AwsConfig, path: string): ConfigSection {
  const visited: string[] = [];
  let current = name;
  for (;;) {
    const section = config.profiles.get(current);
    if (section === undefined) throw missingProfile(current, visited.at(-1), config, path);
    visited.push(current);
    const source = section.get('role_arn') === undefined ? undefined : section.get('source_profile');
    if (hasOwnKeys(section) && source !== undefined) throw contradiction(current);
    if (hasOwnKeys(section) || source === undefined) {
      if (visited.length === 1) return section;
      throw hasOwnKeys(section) ? chainingNotBuilt(visited) : leadsNowhere(visited);
    }
    if (visited.includes(source)) {
      throw new RolesAnywhereError(
        'CONFIG_INVALID',
        `source_profile goes in a circle: ${[...visited, source].join(' -> ')}`,
      );
    }
    current = source;
  }
}

function hasOwnKeys(section: ConfigSection): boolean {
  return [...section.keys()].some((key) => key.startsWith('roles_anywhere_'));
}

function missingProfile(name: string, user: string | undefined, config: AwsConfig, path: string): RolesAnywhereError {
  const names = [...config.profiles.keys()];
  const meant = nearest(name, names);
  const asked = user === undefined ? '--from-profile' : `source_profile of profile ${user}`;
  return new RolesAnywhereError('CONFIG_PROFILE', `${asked}: no profile ${name} in ${path}`, {
    hints: [
      ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
      names.length === 0 ? 'the file holds no profiles' : `the file holds ${names.join(', ')}`,
    ],
  });
}

function contradiction(name: string): RolesAnywhereError {
  return new RolesAnywhereError(
    'CONFIG_INVALID',
    `profile ${name} has roles_anywhere_ keys and also role_arn with source_profile`,
    { hints: ['keep the roles_anywhere_ keys in a profile of their own and name it as source_profile'] },
  );
}

function chainingNotBuilt(visited: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError(
    'OPTION_NOT_BUILT',
    `--from-profile ${visited[0]} needs role chaining (${visited.join(' -> ')}), which is not built yet`,
    { hints: [`give --from-profile ${visited.at(-1)}, and let the SDK follow role_arn and source_profile`] },
  );
}

function leadsNowhere(visited: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError(
    'CONFIG_PROFILE',
    `--from-profile ${visited[0]} leads to profile ${visited.at(-1)}, which has no roles_anywhere_ keys`,
  );
}

/** A roles_anywhere_ key of no command is a mistake. */
function checkKeyNames(keys: ConfigSection): void {
  const known = [...optionTable, ...signStringRows].filter((row) => row.flagOnly !== true).map(profileKeyName);
  const unknown = [...keys.keys()].find((key) => key.startsWith('roles_anywhere_') && !known.includes(key));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw new RolesAnywhereError('CONFIG_INVALID', `${unknown} is no option of roles-anywhere`, {
    hints: [meant === undefined ? 'docs/options.md lists the keys' : `did you mean ${meant}?`],
  });
}

/** Adds the keys of the section that `services` names, as `services.<service>.<key>`. */
function withService(keys: ConfigSection, config: AwsConfig, path: string): ConfigSection {
  const name = keys.get('services');
  if (name === undefined) return keys;
  const services = config.services.get(name);
  if (services === undefined) {
    throw new RolesAnywhereError('CONFIG_INVALID', `services = ${name}: no section [services ${name}] in ${path}`);
  }
  return new Map([...keys, ...[...services].map(([key, value]) => [`services.${key}`, value] as const)]);
}
