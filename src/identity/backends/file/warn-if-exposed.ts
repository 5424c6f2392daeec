import { constants } from 'node:fs';
import type { IdentityContext, KeySource } from '../../identity.ts';

/** Read permission of group and others. */
const readableByOthers = 0o044;

/** Windows has neither this constant nor such permissions; what it tells as mode is made up. */
const hasModes = 'O_NOFOLLOW' in constants;

/**
 * Warns about a private key file that others may read.
 *
 * @param mode permission bits of a regular file; undefined for everything else
 */
export async function warnIfExposed(
  source: KeySource,
  mode: number | undefined,
  context: IdentityContext,
): Promise<void> {
  if (source.kind !== 'file' || mode === undefined || !hasModes || (mode & readableByOthers) === 0) return;
  const { placeOf } = await import('../../place-of.ts');
  const bits = (mode & 0o777).toString(8).padStart(4, '0');
  context.warn(`${placeOf(source)} holds a private key that others may read (mode ${bits}): chmod 600 ${source.path}`);
}
