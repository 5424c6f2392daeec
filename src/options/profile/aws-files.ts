import { join, resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { readFile } from '../../core/fs/read-file.ts';
import { type AwsConfig, type ConfigSection, parseAwsConfig, parseAwsCredentials } from './aws-config.ts';
import { homeFolder } from './home-folder.ts';
import { hasOwnKeys } from './own-keys.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The profiles of the configuration file, or of both files, and what messages call the place where they are. */
export interface AwsFiles extends AwsConfig {
  readonly places: string;
}

/**
 * Reads the configuration file.
 *
 * @throws RolesAnywhereError CONFIG_PROFILE when there is none; FILE_FAILED when it cannot be read; CONFIG_INVALID
 */
export async function readAwsConfig(env: Environment): Promise<AwsFiles> {
  const path = configPath(env);
  return { ...parseAwsConfig(await readConfigFile(path)), places: path };
}

/**
 * Puts the keys of the credentials file over those of the configuration file, as the SDKs do: a profile with role_arn
 * may be in either. A profile with keys of ours stays as it is: what `update` wrote is no setting. A credentials file
 * that cannot be read counts as none.
 */
export async function withCredentialsFile(config: AwsFiles, env: Environment): Promise<AwsFiles> {
  const { path, sections } = await readCredentialsFile(env);
  const profiles = new Map(config.profiles);
  for (const [name, keys] of sections) {
    const configured = config.profiles.get(name) ?? new Map<string, string>();
    if (!hasOwnKeys(configured)) profiles.set(name, new Map([...configured, ...keys]));
  }
  return { ...config, profiles, places: sections.size === 0 ? config.places : `${config.places} or ${path}` };
}

/** The names of the profiles of both files; of none where neither can be read. */
export async function profileNames(env: Environment): Promise<readonly string[]> {
  try {
    const config = await readAwsConfig(env);
    return [...(await withCredentialsFile(config, env)).profiles.keys()].filter(isPrintable);
  } catch {
    return [...(await readCredentialsFile(env)).sections.keys()].filter(isPrintable);
  }
}

const isPrintable = (name: string): boolean => !/\p{Cc}/u.test(name);

/** Where the SDKs look for the configuration file. */
export function configPath(env: Environment): string {
  return placeOf(env, 'AWS_CONFIG_FILE', 'config');
}

/** Where the SDKs look for the credentials file. */
export function credentialsPath(env: Environment): string {
  return placeOf(env, 'AWS_SHARED_CREDENTIALS_FILE', 'credentials');
}

/** Where the SDKs look for a file, a `~/` at the beginning of the variable's value being the home folder. */
function placeOf(env: Environment, variable: string, name: string): string {
  const given = env[variable] || `~/.aws/${name}`;
  if (!given.startsWith('~/')) return given;
  const home = homeFolder(env);
  if (home !== undefined) return join(home, given.slice(2));
  throw new RolesAnywhereError('FILE_FAILED', `${given} cannot be found: this user has no home folder`, {
    hints: [`set HOME, or ${variable} to the path of the file`],
  });
}

async function readConfigFile(path: string): Promise<string> {
  try {
    return await readAwsFile(path);
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new RolesAnywhereError('CONFIG_PROFILE', `--from-profile needs ${resolve(path)}, which does not exist`, {
        cause,
        hints: ['AWS_CONFIG_FILE names another file'],
      });
    }
    const { readReason } = await import('../../core/fs/read-reason.ts');
    throw new RolesAnywhereError('FILE_FAILED', `cannot read ${path}: ${readReason(cause)}`, { cause });
  }
}

async function readCredentialsFile(
  env: Environment,
): Promise<{ path: string; sections: ReadonlyMap<string, ConfigSection> }> {
  try {
    const path = credentialsPath(env);
    return { path, sections: parseAwsCredentials(await readAwsFile(path)) };
  } catch {
    return { path: '', sections: new Map() };
  }
}

/** Bytes: room for tens of thousands of profiles. */
const maxFileBytes = 16 * 1024 * 1024;

/** The text of a file of `~/.aws`. @throws as `readFile` */
export async function readAwsFile(path: string): Promise<string> {
  return (await readFile(path, { bytes: maxFileBytes })).bytes.toString();
}
