import { readdirSync, statSync } from 'node:fs';
import { RolesAnywhereError } from '../../core/errors.ts';
import { removeIfThere, replaceFile } from '../../core/fs/replace-file.ts';
import { randomBytes } from '../../runtime/node/crypto.ts';
import { type CacheEntry, isPlausible, lastSet } from './cache-entry.ts';
import { type CacheFolder, isOurs, pathOf, readPrivateFile } from './cache-folder.ts';
import { decodeEntry, encodeEntry, type EntrySeal } from './entry-codec.ts';

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

/** What an entry is called for people who list the cache. */
export interface EntryNames {
  readonly role: string;
  readonly target: string;
}

/** What writing needs of the world around it. */
interface WriteContext {
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * Puts an entry in the place of the one before, whole or not at all.
 *
 * @throws whatever the operating system throws
 */
export async function writeEntry(
  { folder, key, seal }: EntryLocation,
  { entry, names }: { readonly entry: CacheEntry; readonly names: EntryNames },
  { now, sleep }: WriteContext,
): Promise<void> {
  const header = { key, ...names, writtenAt: now(), expiration: lastSet(entry).credentials.expiration };
  const temporary = pathOf(folder, key, `${randomBytes(6).toString('hex')}.tmp`);
  const text = await encodeEntry(entry, header, seal);
  await replaceFile(pathOf(folder, key, 'json'), text, { temporary, sleep, accessLists: folder.accessLists });
  sweep(folder.path, now());
}

/** Milliseconds. Credentials live for twelve hours at the most, and nobody holds a lock for that long. */
const longestUse = 13 * 60 * 60 * 1000;

/** Removes what rotated certificates and processes that were ended have left behind. */
function sweep(path: string, now: Date): void {
  try {
    for (const name of readdirSync(path).filter(isOurs)) {
      const file = `${path}/${name}`;
      const stats = statSync(file, { throwIfNoEntry: false });
      if (stats !== undefined && now.getTime() - stats.mtimeMs > longestUse) removeIfThere(file);
    }
  } catch {
    // Another time.
  }
}
