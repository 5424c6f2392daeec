import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCodeOf } from '../errno.ts';
import { RolesAnywhereError } from '../errors.ts';
import { type Holder, holderOf, isGone, type LockProcess } from './lock-holder.ts';
import { readFlags } from './open-to-read.ts';
import { readRegular } from './read-descriptor.ts';
import { createFile, isHeld as isHeldByOther, removeIfThere } from './replace-file.ts';

/** Milliseconds after the last sign of life of its holder for which a lock holds. */
export const lockBound = 20_000;

/** Milliseconds between signs of life: a machine may have a hundred processes to start before it comes back to one. */
const beat = 5000;

/** Milliseconds that it takes at the most to write a line, or to take over a lock. */
const momentBound = 2000;

/** Bytes. What is larger is no lock. */
const maxBytes = 4096;

export interface FileLock {
  /** False when somebody took the holder for dead and has taken the lock over. */
  isHeld(): boolean;
  release(): void;
}

/**
 * Takes a lock: a file that says who holds it, and whose date its holder renews every five seconds. One whose holder
 * has ended, or has not renewed it for twenty, is taken over; so is what is no lock, after two.
 *
 * Nothing depends on clocks that agree: files are dated by their file system, and only compared with each other.
 *
 * @returns undefined when somebody else holds it
 * @throws whatever the operating system throws where no file can be made
 */
export function tryLock(path: string, process: LockProcess): FileLock | undefined {
  const text = JSON.stringify({ id: randomBytes(8).toString('hex'), ...holderOf(process) });
  const isHeld = (): boolean => look(path)?.text === text;
  // Who was stopped for so long between making the file and filling it that another took it over, does not hold it.
  if (!(tryCreate(path, text) || takeOver(path, text, process)) || !isHeld()) return undefined;
  const timer = setInterval(() => showLife(path, text), beat).unref();
  return {
    isHeld,
    release() {
      clearInterval(timer);
      if (isHeld()) removeIfThere(path);
    },
  };
}

/** What waiting for a lock needs of the world. */
export interface LockContext {
  readonly process: LockProcess;
  /** Milliseconds since some moment. */
  readonly monotonic: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly random: () => number;
}

/** Milliseconds. */
const giveUpAfter = 30_000;
const [firstPause, longestPause] = [5, 100];

/**
 * Takes a lock as soon as it can be had, and removes what others have left of their attempts.
 *
 * @param shown the lock's path for messages
 * @throws RolesAnywhereError FILE_LOCKED after half a minute; whatever making the file throws
 */
export async function waitForLock(path: string, shown: string, context: LockContext): Promise<FileLock> {
  const { process, monotonic, sleep, random } = context;
  const start = monotonic();
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const lock = tryLock(path, process);
    if (lock !== undefined) {
      removeClaims(path, process);
      return lock;
    }
    if (monotonic() - start > giveUpAfter) throw locked(shown, look(path)?.holder);
    await sleep(pause * (0.5 + random()));
  }
}

function locked(shown: string, holder: Holder | undefined): RolesAnywhereError {
  const by = holder === undefined ? '' : ` by process ${holder.pid}`;
  return new RolesAnywhereError('FILE_LOCKED', `${shown} has been held${by} for half a minute`, {
    hints: ['remove the file if no program that writes credentials is running'],
  });
}

/** How often something that Windows has on its way out is given the time to go. */
const mostCreations = 3;

function tryCreate(path: string, text: string): boolean {
  if (isThere(path)) return false;
  for (let creation = 1; ; creation += 1) {
    try {
      createFile(path, text);
      return true;
    } catch (error) {
      if (systemCodeOf(error) === 'EEXIST') return false;
      // Windows answers so while the file of the holder before is going away; it may have gone by the next look.
      if (systemCodeOf(error) !== 'EPERM') throw error;
      if (isThere(path)) return false;
      if (creation === mostCreations) throw error;
    }
  }
}

/** Writes the same into the same file, by a descriptor: what has its name by now may be another's. */
function showLife(path: string, text: string): void {
  try {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (textOf(descriptor) === text) writeSync(descriptor, text, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // It has been taken over at this moment.
  }
}

/**
 * Of all who find the same lock left behind, one can make the file that is named after it, and moves that over the lock:
 * the claim goes away by the very step that takes the lock. Who comes late, and makes a claim again, finds another lock
 * there than the one it is for.
 */
function takeOver(path: string, text: string, process: LockProcess): boolean {
  const found = look(path);
  if (found === undefined || !isLeftBehind(found, Date.now(), process)) return false;
  const claim = claimOf(path, found);
  if (!tryCreate(claim, text)) {
    // Its maker ended at this very point. Who removes it tries again with all others.
    const left = look(claim);
    if (left !== undefined && isLeftBehind(left, Date.now(), process, momentBound)) removeIfThere(claim);
    return false;
  }
  const now = look(claim)?.changed;
  const isSame = look(path)?.mark === found.mark;
  const isMoved = now !== undefined && isSame && isLeftBehind(found, now, process) && tryMove(claim, path);
  if (!isMoved) removeIfThere(claim);
  return isMoved;
}

function claimOf(path: string, { mark }: Found): string {
  return `${path}-${createHash('sha256').update(mark).digest('hex').slice(0, 16)}`;
}

/** Only for who holds the lock. */
function removeClaims(path: string, process: LockProcess): void {
  for (const claim of claimsOn(path)) {
    const found = look(claim);
    if (found !== undefined && isLeftBehind(found, Date.now(), process, momentBound)) removeIfThere(claim);
  }
}

/** None where the folder may be written to and not be listed: what is left there is in nobody's way. */
function claimsOn(path: string): readonly string[] {
  const [folder, prefix] = [dirname(path), `${basename(path)}-`];
  const isClaim = (name: string): boolean =>
    name.startsWith(prefix) && /^[0-9a-f]{16}$/.test(name.slice(prefix.length));
  try {
    return readdirSync(folder)
      .filter(isClaim)
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** What has the name of a lock. */
interface Found {
  /** Undefined where it may not be read. */
  readonly text: string | undefined;
  /** Undefined for what another program wrote, or is about to write. */
  readonly holder: Holder | undefined;
  /** Milliseconds, by the clock of its file system. */
  readonly changed: number;
  /** Another one for every other file and content. */
  readonly mark: string;
}

/** Undefined where there is nothing. A link, a pipe or a folder says nothing of a holder. */
function look(path: string): Found | undefined {
  const stats = statsAt(path);
  if (stats === undefined) return undefined;
  if (stats === 'hidden') return { text: undefined, holder: undefined, changed: Date.now(), mark: stats };
  const text = stats.isFile() ? readIfAllowed(path) : '';
  const { dev, ino, mtimeMs } = stats;
  return { text, holder: recordedHolder(text ?? ''), changed: mtimeMs, mark: [dev, ino, mtimeMs, text].join(' ') };
}

function readIfAllowed(path: string): string | undefined {
  try {
    const descriptor = openSync(path, readFlags | constants.O_NOFOLLOW);
    try {
      return textOf(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

function textOf(descriptor: number): string {
  const stats: Stats = fstatSync(descriptor);
  return stats.isFile() ? readRegular(descriptor, stats, maxBytes).toString() : '';
}

function recordedHolder(text: string): Holder | undefined {
  try {
    const { pid, machine, began }: Record<string, unknown> = JSON.parse(text);
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || typeof machine !== 'string')
      return undefined;
    return { pid, machine, ...(typeof began === 'string' ? { began } : {}) };
  } catch {
    return undefined;
  }
}

/** A date in the future says that the clock has been set back since. */
function isLeftBehind(found: Found, now: number, process: LockProcess, bound = lockBound): boolean {
  const { text, holder, changed } = found;
  const age = Math.abs(now - changed);
  if (holder === undefined) return age > (text === undefined ? bound : momentBound);
  return age > bound || isGone(holder, process);
}

function isThere(path: string): boolean {
  return statsAt(path) !== undefined;
}

/** `hidden`: Windows shows nothing of what is going away, or of what another program has open for itself. */
function statsAt(path: string): Stats | 'hidden' | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isHeldByOther(error)) return 'hidden';
    throw error;
  }
}

function tryMove(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}
