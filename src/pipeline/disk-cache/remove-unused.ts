import { type FileLock, tryLock } from '../../core/fs/file-lock.ts';
import type { LockProcess } from '../../core/fs/lock-holder.ts';
import { removeIfThere } from '../../core/fs/replace-file.ts';
import { type CacheFolder, keyOf, pathOf } from './cache-folder.ts';

interface Removal {
  readonly process: LockProcess;
  /** Asked while nobody else can write the file. */
  readonly isToGo: (file: string) => boolean;
}

/**
 * Removes files of entries, but for entries that a process renews at this moment: it holds their lock, and what it has
 * in the folder is in use. A lock itself goes where its holder has.
 *
 * @param names in the folder, each as `isOurs` knows them
 */
export function removeUnused(folder: CacheFolder, names: readonly string[], { process, isToGo }: Removal): void {
  for (const [key, ofKey] of byKey(names)) {
    const lock = lockOrNone(pathOf(folder, key, 'lock'), process);
    if (lock === undefined) continue;
    const files = ofKey.filter((name) => name !== `${key}.lock`).map((name) => `${folder.path}/${name}`);
    for (const file of files.filter(isToGo)) removeIfThere(file);
    lock.release();
  }
}

function byKey(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) found.set(keyOf(name), [...(found.get(keyOf(name)) ?? []), name]);
  return found;
}

/** None, too, where the folder takes no file: on a full disk, say. */
function lockOrNone(path: string, process: LockProcess): FileLock | undefined {
  try {
    return tryLock(path, process);
  } catch {
    return undefined;
  }
}
