import { homedir, platform } from 'node:os';
import { join, resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { readFile } from '../../core/fs/read-file.ts';
import { type AwsConfig, type ConfigSection, parseAwsConfig, parseAwsCredentials } from './aws-config.ts';
import { hasOwnKeys } from './own-keys.ts';
import type { Environment } from '../parse/option-values.ts';

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
  return pathOf(env, 'AWS_CONFIG_FILE', 'config');
}

/** Where the SDKs look for the credentials file. */
export function credentialsPath(env: Environment): string {
  return pathOf(env, 'AWS_SHARED_CREDENTIALS_FILE', 'credentials');
}

const isWindows = platform() === 'win32';
const startsAtHome = isWindows ? /^~[/\\]/ : /^~\//;
export const homeVariable = isWindows ? 'USERPROFILE' : 'HOME';

/** Where the SDKs look for a file, a `~/` at the beginning of the variable's value being the home folder. */
function pathOf(env: Environment, variable: string, name: string): string {
  const given = env[variable] || `~/.aws/${name}`;
  if (!startsAtHome.test(given)) return given;
  const home = homeFolder(env);
  if (home !== undefined) return join(home, given.slice(2));
  throw new RolesAnywhereError('FILE_FAILED', `${given} cannot be found: this user has no home folder`, {
    hints: [`set ${homeVariable}, or ${variable} to the path of the file`],
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

/** The sections of the credentials file; none where it cannot be read. */
export async function readCredentials(env: Environment): Promise<ReadonlyMap<string, ConfigSection>> {
  return (await readCredentialsFile(env)).sections;
}

/** Bytes: room for tens of thousands of profiles. */
const maxFileBytes = 16 * 1024 * 1024;

/** The text of a file of `~/.aws`. @throws as `readFile` */
async function readAwsFile(path: string): Promise<string> {
  return (await readFile(path, { bytes: maxFileBytes })).bytes.toString();
}

/** A text by its key, and what messages call the place it came from. */
export type ProfileEntries = ReadonlyMap<string, { readonly text: string; readonly place: string }>;

/** The keys of a profile, as entries. */
export function entriesOf(name: string, files: AwsFiles): ProfileEntries {
  const keys = [...keysOf(name, files)];
  return new Map(keys.map(([key, text]) => [key, { text, place: `${key} of profile ${name}` }]));
}

/**
 * The keys of a profile, with those of the section that `services` names as `services.<service>.<key>`.
 * @throws RolesAnywhereError CONFIG_INVALID when there is no such section
 */
export function keysOf(name: string, files: AwsFiles): ReadonlyMap<string, string> {
  const keys = files.profiles.get(name) ?? new Map<string, string>();
  const services = [...servicesOf(keys.get('services'), files)];
  return new Map([...keys, ...services.map(([key, text]) => [`services.${key}`, text] as const)]);
}

function servicesOf(name: string | undefined, { services, places }: AwsFiles): ReadonlyMap<string, string> {
  if (name === undefined) return new Map();
  const section = services.get(name);
  if (section !== undefined) return section;
  throw new RolesAnywhereError('CONFIG_INVALID', `services = ${name}: no section [services ${name}] in ${places}`);
}

/** Keys by which a profile leads to credentials. */
const leading: readonly string[] = [
  'aws_access_key_id',
  'role_arn',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'login_session',
  'web_identity_token_file',
];

/** The key by which the default profile leads to credentials, if it does; what cannot be read leads nowhere. */
export async function findDefaultCredentials(env: Environment): Promise<string | undefined> {
  const sections = [
    await sectionOf(async () => parseAwsCredentials(await readAwsFile(credentialsPath(env))).get('default')),
    await sectionOf(async () => parseAwsConfig(await readAwsFile(configPath(env))).profiles.get('default')),
  ];
  return leading.find((key) => sections.some((section) => section?.has(key)));
}

async function sectionOf(read: () => Promise<ConfigSection | undefined>): Promise<ConfigSection | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}

/**
 * The home folder, where there is one: a user without an entry in the user database has none but that of HOME. On
 * Windows HOME is what shells of other systems set, and the AWS CLI and most SDKs look elsewhere.
 */
export function homeFolder(env: Environment): string | undefined {
  const { HOME, USERPROFILE, HOMEDRIVE, HOMEPATH } = env;
  const profile = USERPROFILE || (HOMEDRIVE && HOMEPATH && HOMEDRIVE + HOMEPATH);
  const given = isWindows ? profile || HOME : HOME || profile;
  if (given) return given;
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
