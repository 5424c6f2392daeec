import { RolesAnywhereError } from '../../core/errors.ts';
import { type CacheEntry, isPlausible } from './cache-entry.ts';
import { type CacheFolder, pathOf, readPrivateFile } from './cache-folder.ts';
import { decodeEntry, type EntrySeal } from './entry-codec.ts';

/** Where an entry is and what opens it. */
export interface EntryLocation {
  readonly folder: CacheFolder;
  readonly key: string;
  readonly seal: EntrySeal;
}

/**
 * The entry, unless its times cannot be true. What is damaged, foreign or cannot be read counts as none: the next
 * renewal replaces it.
 *
 * @throws RolesAnywhereError FILE_UNSAFE
 */
export async function readEntry({ folder, key, seal }: EntryLocation, now: Date): Promise<CacheEntry | undefined> {
  const entry = await decodeEntry(readOrNothing(folder, pathOf(folder, key, 'json')), key, seal);
  return entry !== undefined && isPlausible(entry, now) ? entry : undefined;
}

function readOrNothing(folder: CacheFolder, path: string): string {
  try {
    return readPrivateFile(folder, path) ?? '';
  } catch (error) {
    if (error instanceof RolesAnywhereError) throw error;
    return '';
  }
}
