import { RolesAnywhereError } from '../../core/errors.ts';
import { type AwsFiles, keysOf, readAwsConfig, withCredentialsFile } from './aws-files.ts';
import type { Environment, ProfileKeys } from '../parse/option-values.ts';
import type { CommandOptions } from '../schema/option.ts';
import { hasOwnKeys, isKnown } from './own-keys.ts';

/**
 * Reads the profiles that `--from-profile` names, in the files of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE or in
 * `~/.aws`. A name ends at a comma, unless a profile is called so.
 *
 * @param texts what was given, each one name or several
 * @throws RolesAnywhereError CONFIG_PROFILE when file, profile or a source_profile is missing, or leads to no Roles
 *   Anywhere options; CONFIG_INVALID for a cycle or a key that contradicts or is unknown; FILE_FAILED when the file
 *   cannot be read; OPTION_* for the names and for a credential_process line
 */
export async function readProfiles(
  texts: readonly string[],
  env: Environment,
  command: CommandOptions,
): Promise<readonly ProfileKeys[]> {
  if (texts.includes('')) throw new RolesAnywhereError('OPTION_INVALID', '--from-profile is empty');
  const config = await readAwsConfig(env);
  const names = texts.flatMap((text) => (config.profiles.has(text) ? [text] : namesIn(text)));
  checkNames(names, command);
  if (names.every((name) => isPlain(name, config))) {
    return names.map((name) => ({ name, keys: keysOf(name, config), chain: [] }));
  }
  const { followedKeys } = await import('./follow-profile.ts');
  const files = await withCredentialsFile(config, env);
  return names.map((name) => followedKeys(name, files, '--from-profile'));
}

function namesIn(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}

function checkNames(names: readonly string[], command: CommandOptions): void {
  if (names.includes('')) {
    const what = names.length === 1 ? 'is empty' : 'has an empty name';
    throw new RolesAnywhereError('OPTION_INVALID', `--from-profile ${what}`);
  }
  const seen = new Set<string>();
  const twice = names.find((name) => seen.has(name) || !seen.add(name));
  if (twice !== undefined) throw new RolesAnywhereError('OPTION_INVALID', `--from-profile names ${twice} twice`);
  const takesSeveral = command.options.some(({ flag }) => flag === 'failover-on-refusal');
  if (names.length === 1 || takesSeveral) return;
  throw new RolesAnywhereError('OPTION_INVALID', `${command.name} takes one profile, not ${names.join(', ')}`);
}

/**
 * Whether following the profile comes to its own keys and no more, which can be seen without loading what follows: it
 * is the usual one, that an SDK has us called for.
 */
function isPlain(name: string, { profiles }: AwsFiles): boolean {
  const keys = profiles.get(name);
  if (keys === undefined || !hasOwnKeys(keys) || keys.has('role_arn')) return false;
  const line = keys.get('credential_process');
  const own = [name, `"${name}"`, `'${name}'`].map((text) => ` credential-process --from-profile ${text}`);
  if (line !== undefined && !own.some((end) => line.endsWith(end))) return false;
  return [...keys.keys()].every((key) => !/^roles_anywhere_/i.test(key) || isKnown(key));
}
