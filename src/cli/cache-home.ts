import { RolesAnywhereError } from '../core/errors.ts';
import { homeFolder, homeVariable } from '../options/profile/aws-files.ts';

/**
 * The home folder that the cache is in, where HOME does not say it.
 * @throws RolesAnywhereError FILE_FAILED where there is none
 */
export function cacheHome(env: Readonly<Record<string, string | undefined>>): string {
  const home = homeFolder(env);
  if (home !== undefined) return home;
  throw new RolesAnywhereError('FILE_FAILED', 'there is no place for the cache: this user has no home folder', {
    hints: [`name a folder with --cache-dir, or set ${homeVariable}`],
  });
}
