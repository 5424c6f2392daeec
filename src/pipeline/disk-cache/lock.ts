import { createHash, randomBytes } from 'node:crypto';
import { linkSync, renameSync, statSync, utimesSync } from 'node:fs';
import { type CacheFolder, codeOf, pathOf, readPrivateFile } from './cache-folder.ts';
import { type CacheProcess, type Holder, isGone, thisProcess } from './holder.ts';
import { createPrivateFile, removeIfThere } from './write-private-file.ts';

/** Milliseconds after the last sign of life of its holder for which a lock holds. */
export const lockBound = 20_000;

/** Milliseconds between signs of life: a machine may have a hundred processes to start before it comes back to one. */
const beat = 5000;

/** Milliseconds that it takes at the most to write a line, or to take over a lock. */
const momentBound = 2000;

export interface Lock {
  release(): void;
}

/** Which lock, and who asks for it. */
export interface LockRequest {
  readonly folder: CacheFolder;
  /** Of the entry. */
  readonly key: string;
  readonly process: CacheProcess;
  readonly now: () => Date;
}

/**
 * Takes the lock of an entry: a file that says who holds it. One whose holder has ended, or has held it for too long,
 * is taken over.
 *
 * @returns undefined when somebody else holds it
 * @throws RolesAnywhereError FILE_UNSAFE; whatever the operating system throws where no file can be made
 */
export function tryLock(request: LockRequest): Lock | undefined {
  const path = pathOf(request.folder, request.key, 'lock');
  const id = randomBytes(8).toString('hex');
  const text = JSON.stringify({ id, at: request.now(), ...thisProcess(request.process) });
  if (!tryCreate(path, text, request) && !takeOver(path, text, request)) return undefined;
  const stop = showLife(path, id, request);
  return {
    release() {
      stop();
      if (isOwn(path, id, request)) removeIfThere(path);
    },
  };
}

/** Makes the file whole or not at all, by the link of another one: nobody finds it half written. */
function tryCreate(path: string, text: string, { folder, key }: LockRequest): boolean {
  if (isThere(path)) return false;
  const temporary = pathOf(folder, key, `${randomBytes(6).toString('hex')}.tmp`);
  createPrivateFile(temporary, text);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    return tryCreateInPlace(path, text);
  } finally {
    removeIfThere(temporary);
  }
}

/** Where a file cannot have two names. */
function tryCreateInPlace(path: string, text: string): boolean {
  try {
    createPrivateFile(path, text);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Says again and again that the holder is there, until the returned function ends that. */
function showLife(path: string, id: string, request: LockRequest): () => void {
  const timer = setInterval(() => {
    try {
      if (isOwn(path, id, request)) utimesSync(path, request.now(), request.now());
    } catch {
      // It has been taken over at this moment.
    }
  }, beat).unref();
  return () => clearInterval(timer);
}

/**
 * Of all who find the same lock left behind, one can make the file that is named after it, and moves that over the lock:
 * the claim goes away by the very step that takes the lock. Who comes late, and makes a claim again, finds another lock
 * there than the one it is for.
 */
function takeOver(path: string, text: string, request: LockRequest): boolean {
  const found = readPrivateFile(request.folder, path);
  if (found === undefined || !isLeftBehind(path, found, request)) return false;
  const claim = `${path}-${createHash('sha256').update(found).digest('hex').slice(0, 16)}`;
  if (!tryCreate(claim, text, request)) {
    // Its maker ended at this very point. Who removes it tries again with all others.
    if (isOld(claim, request)) removeIfThere(claim);
    return false;
  }
  const isMoved = readPrivateFile(request.folder, path) === found && tryMove(claim, path);
  if (!isMoved) removeIfThere(claim);
  return isMoved;
}

function tryMove(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function isOwn(path: string, id: string, { folder }: LockRequest): boolean {
  try {
    return readPrivateFile(folder, path)?.includes(id) === true;
  } catch {
    // It has been replaced by something that is not ours, or cannot be read.
    return false;
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isLeftBehind(path: string, text: string, request: LockRequest): boolean {
  const record = recordOf(text);
  // Somebody writes it at this moment, or ended while doing so.
  if (record === undefined) return isOld(path, request);
  const lastSign = Math.max(record.at, statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.abs(request.now().getTime() - lastSign) > lockBound || isGone(record.holder, request.process);
}

function recordOf(text: string): { readonly at: number; readonly holder: Holder } | undefined {
  try {
    const { at, pid, machine, began } = JSON.parse(text);
    const time = Date.parse(at);
    if (Number.isNaN(time) || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { at: time, holder: { pid, machine: String(machine), ...(began === undefined ? {} : { began }) } };
  } catch {
    return undefined;
  }
}

function isOld(path: string, { now }: LockRequest): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Math.abs(now().getTime() - stats.mtimeMs) > momentBound;
}
