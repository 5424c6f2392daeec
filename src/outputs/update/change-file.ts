import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
  type Stats,
} from 'node:fs';
import { platform } from 'node:os';
import { dirname, resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { codeOf, fileFailure } from './file-failure.ts';
import { type LockContext, takeLock } from './file-lock.ts';
import { removeLeftovers, replaceFile } from './replace-file.ts';

/** What changing a file needs to know of the world. */
export interface ChangeContext extends LockContext {
  /** Whom this process acts as, where the system has numbers for that. */
  readonly userId: number | undefined;
}

/** As the kernel's own limit. */
const mostLinks = 40;

/**
 * Changes a file under a lock, which every process that changes it this way takes: none undoes the change of another.
 * Symbolic links are followed; the file is made where there is none, and its folder too.
 *
 * @param change what is there, one character a byte, into what shall be there
 * @throws RolesAnywhereError FILE_FAILED, FILE_UNSAFE, FILE_LOCKED
 */
export async function changeFile(
  path: string,
  change: (text: string) => string,
  context: ChangeContext,
): Promise<void> {
  try {
    const target = followLinks(path, context.userId);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    checkFolder(dirname(target));
    while (!(await changeLocked(target, change, context)));
  } catch (error) {
    throw fileFailure(path, error);
  }
}

/** @returns false when the lock was lost on the way: then nothing has changed, and somebody else may have changed it */
async function changeLocked(path: string, change: (text: string) => string, context: LockContext): Promise<boolean> {
  const lock = await takeLock(`${path}.lock`, context);
  try {
    removeLeftovers(path);
    const { text, stats: before } = readSafe(path);
    const changed = change(text);
    if (changed === text && before !== undefined) return true;
    const settings = { before, isStillMine: () => lock.isHeld(), sleep: context.sleep };
    return await replaceFile(path, Buffer.from(changed, 'latin1'), settings);
  } finally {
    lock.release();
  }
}

/**
 * Also where the last one leads to nothing: that is where the file is to be.
 *
 * A link of somebody else's is not followed: it would lead whoever has more rights to files of the other's choice.
 */
function followLinks(path: string, userId: ChangeContext['userId']): string {
  let target = resolve(path);
  for (let links = 0; isLink(target); links += 1) {
    checkLink(target, userId);
    if (links === mostLinks) throw new RolesAnywhereError('FILE_FAILED', `${path} is a circle of symbolic links`);
    target = resolve(dirname(target), readlinkSync(target));
  }
  return target;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function checkLink(path: string, userId: ChangeContext['userId']): void {
  const { uid } = lstatSync(path);
  if (userId === undefined || uid === userId || uid === 0) return;
  throw new RolesAnywhereError('FILE_UNSAFE', `${path} is a symbolic link of another user (uid ${uid})`, {
    hints: ['name the file that it leads to, or run update as that user'],
  });
}

function readSafe(path: string): { readonly text: string; readonly stats: Stats | undefined } {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { text: '', stats: undefined };
    throw error;
  }
  try {
    const stats = fstatSync(descriptor);
    checkFile(path, stats);
    return { text: readFileSync(descriptor, 'latin1'), stats };
  } finally {
    closeSync(descriptor);
  }
}

/** Whoever may write to the file decides whose credentials a program of its owner uses. */
function checkFile(path: string, stats: Stats): void {
  if (!stats.isFile()) throw new RolesAnywhereError('FILE_UNSAFE', `${path} is no regular file`);
  if (platform() === 'win32' || (stats.mode & 0o022) === 0) return;
  throw new RolesAnywhereError('FILE_UNSAFE', `others may write to ${path} (mode ${modeText(stats)})`, {
    hints: [`run chmod 600 ${path}`],
  });
}

/** A folder in which everybody may replace everybody's files; with the sticky bit, as /tmp has it, they may not. */
function checkFolder(path: string): void {
  const stats = statSync(path);
  if (platform() === 'win32' || (stats.mode & 0o002) === 0 || (stats.mode & 0o1000) !== 0) return;
  throw new RolesAnywhereError('FILE_UNSAFE', `others may write to the folder ${path} (mode ${modeText(stats)})`, {
    hints: [`run chmod 700 ${path}`],
  });
}

function modeText({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
