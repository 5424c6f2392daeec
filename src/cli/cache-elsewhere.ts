import { RolesAnywhereError } from '../core/errors.ts';
import type { AccessLists } from '../core/fs/access-lists.ts';
import { homeFolder, homeVariable } from '../options/profile/aws-files.ts';
import type { Terminal } from './command.ts';

/**
 * Where the cache is when HOME does not say it, and on Windows what says who may read it.
 *
 * @param given the folder that was named
 * @param below the folder that is meant otherwise, in a home folder
 * @throws RolesAnywhereError FILE_FAILED where there is no home folder
 */
export async function cacheElsewhere(
  given: string | undefined,
  below: (home: string) => string,
  { env, warn }: Pick<Terminal, 'env' | 'warn'>,
): Promise<{ readonly path: string; readonly accessLists: AccessLists | undefined }> {
  const { openAccessLists } = await import('../core/fs/access-lists.ts');
  return { path: given ?? below(homeOf(env)), accessLists: await openAccessLists(warn) };
}

function homeOf(env: Terminal['env']): string {
  const home = homeFolder(env);
  if (home !== undefined) return home;
  throw new RolesAnywhereError('FILE_FAILED', 'there is no place for the cache: this user has no home folder', {
    hints: [`name a folder with --cache-dir, or set ${homeVariable}`],
  });
}
