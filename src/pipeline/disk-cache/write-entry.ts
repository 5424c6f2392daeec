import { readdirSync, statSync } from 'node:fs';
import type { LockProcess } from '../../core/fs/lock-holder.ts';
import { replaceFile } from '../../core/fs/replace-file.ts';
import { randomBytes } from '../../runtime/node/crypto.ts';
import { type CacheEntry, lastSet } from './cache-entry.ts';
import { type CacheFolder, isOurs, pathOf } from './cache-folder.ts';
import { encodeEntry } from './entry-codec.ts';
import type { EntryLocation } from './entry-file.ts';
import { removeUnused } from './remove-unused.ts';

/** What an entry is called for people who list the cache. */
export interface EntryNames {
  readonly role: string;
  readonly target: string;
}

/** What writing needs of the world around it. */
interface WriteContext {
  readonly process: LockProcess;
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
  { process, now, sleep }: WriteContext,
): Promise<void> {
  const header = { key, ...names, writtenAt: now(), expiration: lastSet(entry).credentials.expiration };
  const temporary = pathOf(folder, key, `${randomBytes(6).toString('hex')}.tmp`);
  const text = await encodeEntry(entry, header, seal);
  await replaceFile(pathOf(folder, key, 'json'), text, { temporary, sleep, accessLists: folder.accessLists });
  sweep(folder, process, now());
}

/** Milliseconds. Credentials live for twelve hours at the most, and nobody holds a lock for that long. */
const longestUse = 13 * 60 * 60 * 1000;

/** Removes what rotated certificates and processes that were ended have left behind. */
function sweep(folder: CacheFolder, process: LockProcess, now: Date): void {
  const isOld = (file: string): boolean => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats !== undefined && now.getTime() - stats.mtimeMs > longestUse;
  };
  try {
    const old = readdirSync(folder.path).filter((name) => isOurs(name) && isOld(`${folder.path}/${name}`));
    removeUnused(folder, old, { process, isToGo: isOld });
  } catch {
    // Another time.
  }
}
