import { readdirSync, statSync } from 'node:fs';
import { type CacheEntry, lastSet } from './cache-entry.ts';
import { encodeEntry } from './entry-codec.ts';
import { isOurs } from './entry-names.ts';
import type { EntryPlace } from './read-entry.ts';
import { removeIfThere, replacePrivateFile } from './write-private-file.ts';

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
  { folder, key, seal }: EntryPlace,
  { entry, names }: { readonly entry: CacheEntry; readonly names: EntryNames },
  { now, sleep }: WriteContext,
): Promise<void> {
  const header = { key, ...names, writtenAt: now(), expiration: lastSet(entry).credentials.expiration };
  await replacePrivateFile(
    { path: `${folder.path}/${key}`, extension: 'json' },
    encodeEntry(entry, header, seal),
    sleep,
  );
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
