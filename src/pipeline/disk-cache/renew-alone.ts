import { describeError } from '../../core/describe-error.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { failureKind } from '../../core/error-facts.ts';
import { type FileLock, lockBound, tryLock } from '../../core/fs/file-lock.ts';
import type { LockProcess } from '../../core/fs/lock-holder.ts';
import { openTrustedPlace } from '../../core/fs/trusted-place.ts';
import { type CacheEntry, isGoodEnough, isValid, lastSet } from './cache-entry.ts';
import { type CacheFolder, checkFolder, pathOf } from './cache-folder.ts';

/** One entry of the cache, and how it comes about. */
export interface Renewal {
  readonly folder: CacheFolder;
  readonly key: string;
  /** @throws RolesAnywhereError FILE_UNSAFE */
  readonly read: () => Promise<CacheEntry | undefined>;
  /** @throws whatever the operating system throws */
  readonly write: (entry: CacheEntry) => Promise<void>;
  /** A new entry; what of the old one is fresh may be in it. */
  readonly renew: (old: CacheEntry | undefined) => Promise<CacheEntry>;
}

/** What renewing needs of the world around it. */
export interface RenewalContext {
  readonly process: LockProcess;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly warn: (message: string) => void;
  readonly debug?: ((message: string) => void) | undefined;
}

/** Milliseconds: longer than a lock holds, so that somebody who takes it over has the time to renew. */
const longestWait = 1.5 * lockBound;
const [firstPause, longestPause] = [20, 250];

/** Milliseconds after a renewal that failed in which a set that still works is handed out without another attempt. */
const rest = 30_000;

/**
 * Renews an entry while no other process does: all others hand out the set that still works, or wait for the new one.
 * Who has waited for too long renews without the lock, and where nothing can be written nothing is cached.
 *
 * @throws RolesAnywhereError FILE_UNSAFE; whatever `renew` throws when there is no set that works
 */
export async function renewAlone(renewal: Renewal, context: RenewalContext): Promise<CacheEntry> {
  for (let [waited, pause] = [0, firstPause]; ; pause = Math.min(pause * 1.5, longestPause)) {
    const lock = lockOrReason(renewal, context);
    if (lock instanceof Error) {
      context.warn(notStored(renewal.folder, lock));
      return renewIfNeeded({ ...renewal, write: () => Promise.resolve() }, context);
    }
    if (lock !== undefined) {
      try {
        return await renewIfNeeded(renewal, context);
      } finally {
        lock.release();
      }
    }
    const entry = await renewal.read();
    if (entry !== undefined && isValid(lastSet(entry), context.now())) return entry;
    if (waited >= longestWait) return renewIfNeeded(renewal, context);
    if (waited === 0) context.debug?.('cache: another process renews the credentials, and this one waits for them');
    await context.sleep(pause);
    waited += pause;
  }
}

/** The lock, undefined where somebody has it, or why there can be none. */
function lockOrReason({ folder, key }: Renewal, { process }: RenewalContext): FileLock | Error | undefined {
  try {
    makeFolder(folder);
    return tryLock(pathOf(folder, key, 'lock'), process);
  } catch (error) {
    if (isOfSystem(error)) return error;
    throw error;
  }
}

/** With those above it that are missing, for this user alone. */
function makeFolder(folder: CacheFolder): void {
  const { path, option, userId, accessLists } = folder;
  checkFolder(folder);
  try {
    openTrustedPlace(`${path}/entry`, { userId, accessLists, makeFolders: 'all' }).close();
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    throw new RolesAnywhereError(error.code, `${option}: ${error.message}, so the cache is not used`, {
      hints: error.hints,
    });
  }
}

function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof RolesAnywhereError) && systemCodeOf(error) !== undefined;
}

async function renewIfNeeded(renewal: Renewal, context: RenewalContext): Promise<CacheEntry> {
  const old = await renewal.read();
  if (old !== undefined && isGoodEnough(old, context.now())) return old;
  try {
    return await stored(await renewal.renew(old), renewal, context);
  } catch (error) {
    if (old === undefined || !isValid(lastSet(old), context.now())) throw error;
    const until = lastSet(old).credentials.expiration.toISOString();
    context.warn(
      `the credentials could not be renewed, and those of the cache work until ${until}: ${describeError(error).message}`,
    );
    return stored({ ...old, restsUntil: endOfRest(error, old, context.now()) }, renewal, context);
  }
}

/** A wrong PIN or password is not tried again as long as there is a way without. */
function endOfRest(error: unknown, entry: CacheEntry, now: Date): Date {
  return failureKind(error) === 'secret' ? lastSet(entry).credentials.expiration : new Date(now.getTime() + rest);
}

async function stored(entry: CacheEntry, { folder, write }: Renewal, { warn }: RenewalContext): Promise<CacheEntry> {
  try {
    await write(entry);
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    warn(notStored(folder, error));
  }
  return entry;
}

function notStored({ path, option }: CacheFolder, reason: unknown): string {
  return `${option}: the credentials are not kept, as ${path} cannot be written: ${systemCodeOf(reason)}`;
}
