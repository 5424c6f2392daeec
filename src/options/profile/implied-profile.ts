import { RolesAnywhereError } from '../../core/errors.ts';
import { type AwsFiles, readAwsConfig, withCredentialsFile } from './aws-files.ts';
import type { ConfigSection } from './aws-config.ts';
import { followedKeys } from './follow-profile.ts';
import type { Environment, ProfileKeys } from '../parse/option-values.ts';
import { isSurrounding } from './own-keys.ts';
import { readProcessLine } from './process-line.ts';

/**
 * Reads a profile that nobody named to us: AWS_PROFILE, that of an SDK client, `default`. It may well be for others.
 *
 * @param origin what messages call it
 * @returns undefined where there is no such file or profile, or it leads neither to `roles_anywhere_` keys nor to a
 *   `credential_process` of ours or of the official helper
 * @throws RolesAnywhereError CONFIG_*, OPTION_* where it does and something is wrong on the way
 */
export async function readImpliedProfile(
  name: string,
  origin: string,
  env: Environment,
): Promise<ProfileKeys | undefined> {
  const config = await configOf(env);
  if (config === undefined) return undefined;
  const files = await withCredentialsFile(config, env);
  return leadsToUs(name, files) ? followedKeys(name, files, origin) : undefined;
}

/** As for the SDKs, a file that is not there or cannot be read counts as empty. */
async function configOf(env: Environment): Promise<AwsFiles | undefined> {
  try {
    return await readAwsConfig(env);
  } catch (error) {
    if (error instanceof RolesAnywhereError && error.code === 'CONFIG_INVALID') throw error;
    return undefined;
  }
}

function leadsToUs(first: string, { profiles }: AwsFiles): boolean {
  const visited = new Set<string>();
  for (let name: string | undefined = first; name !== undefined && !visited.has(name);) {
    const keys = profiles.get(name);
    if (keys === undefined) return false;
    if (isOurs(name, keys)) return true;
    visited.add(name);
    name = keys.has('role_arn') ? keys.get('source_profile') : undefined;
  }
  return false;
}

/** A key of ours that does not exist is ours all the same, and so is a line of ours with a mistake in it. */
function isOurs(name: string, keys: ConfigSection): boolean {
  if ([...keys.keys()].some((key) => key.startsWith('roles_anywhere_') && !isSurrounding(key))) return true;
  const line = keys.get('credential_process');
  try {
    return line !== undefined && readProcessLine(line, name) !== undefined;
  } catch {
    return true;
  }
}
