import { homedir } from 'node:os';
import { RolesAnywhereError } from '../../core/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The home folder, where there is one: a user without an entry in the user database has none but that of HOME. */
export function homeFolder(env: Environment): string | undefined {
  const given = env['HOME'] || env['USERPROFILE'];
  if (given) return given;
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** @throws RolesAnywhereError FILE_FAILED where there is none */
export function homeForCache(env: Environment): string {
  const home = homeFolder(env);
  if (home !== undefined) return home;
  throw new RolesAnywhereError('FILE_FAILED', 'there is no place for the cache: this user has no home folder', {
    hints: ['name a folder with --cache-dir, or set HOME'],
  });
}
