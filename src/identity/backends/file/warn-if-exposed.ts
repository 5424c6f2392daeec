import { constants } from 'node:fs';
import type { KeySource } from '../../identity.ts';
import type { FileContext } from './open-files.ts';

/** Read permission of group and others. */
const readableByOthers = 0o044;

/** Windows has neither this constant nor such permissions; what it tells as mode is made up. */
const hasModes = 'O_NOFOLLOW' in constants;

/** Warns about a file that others may read, once a private key was found in it. */
export async function warnIfExposed(source: KeySource, { reader, context }: FileContext): Promise<void> {
  if (source.kind !== 'file' || !hasModes) return;
  const { mode } = await reader.read(source, 'KEY_UNREADABLE');
  if (mode === undefined || (mode & readableByOthers) === 0) return;
  context.warn((await import('./notices.ts')).exposed(source, mode));
}
