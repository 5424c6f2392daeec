import { closeSync, fsync, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { platform } from 'node:os';
import { promisify } from 'node:util';
import { systemCodeOf } from '../errno.ts';
import type { AccessLists } from './access-lists.ts';

/** How often a file is moved over another one that somebody on Windows has open to read, and milliseconds between that. */
const [maxMoves, pause] = [20, 25];

/** How a file takes the place of another one. */
export interface Replacement {
  /** Where the new content is written first: in the same folder, as a rename must not leave the file system. */
  readonly temporary: string;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Makes the new file what it must be besides its content; it is for its owner alone until then. */
  readonly prepare?: (descriptor: number) => Promise<void>;
  /** Asked right before the step. */
  readonly mayReplace?: () => boolean;
  /** Where something has the name by now, it stays. */
  readonly mustBeNew?: boolean;
  /** Of Windows, in the place of modes. */
  readonly accessLists?: AccessLists | undefined;
  /** The file whose access list the new one gets there. */
  readonly like?: string | undefined;
}

/**
 * Puts new content in the place of a file, in one step: readers see the old file or the new one, whatever happens, and
 * nothing else is left behind.
 *
 * @returns false where it may not be replaced, or something has a name that must be new
 * @throws whatever the operating system throws
 */
export async function replaceFile(file: string, content: string | Uint8Array, how: Replacement): Promise<boolean> {
  const { temporary, prepare, mayReplace, mustBeNew = false, accessLists, like } = how;
  try {
    const descriptor = openNew(temporary, accessLists, like);
    try {
      writeAll(descriptor, content);
      await prepare?.(descriptor);
      // Not the synchronous one: a disk may take half a minute, in which a lock must show that it is held.
      await promisify(fsync)(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (mayReplace?.() === false) return false;
    if (mustBeNew) return linkAsNew(temporary, file);
    for (let move = 1; !tryMove(temporary, file, move); move += 1) await how.sleep(pause);
    return true;
  } finally {
    removeIfThere(temporary);
  }
}

/**
 * Makes a file that must not be there yet, for its owner alone, and removes it where it cannot be filled.
 *
 * @throws whatever the operating system throws: EEXIST
 */
export function createFile(file: string, content: string, accessLists?: AccessLists): void {
  const descriptor = openNew(file, accessLists);
  try {
    writeAll(descriptor, content);
  } catch (error) {
    removeIfThere(file);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Nobody else may open it before it has its list: it is made with that, and opened then. */
function openNew(file: string, accessLists: AccessLists | undefined, like?: string): number {
  if (accessLists === undefined) return openSync(file, 'wx', 0o600);
  accessLists.makeFile(file, like);
  return openSync(file, 'r+');
}

/** What cannot be removed stays. */
export function removeIfThere(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch {
    return false;
  }
}

function writeAll(descriptor: number, content: string | Uint8Array): void {
  const bytes = Buffer.from(content);
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
}

/**
 * Gives a file of ours the name that it is for, unless something has that name by now: a rename would take the place of
 * what another program has made at this moment. The name before may stay.
 *
 * @returns whether it has it
 * @throws whatever the operating system throws
 */
export function linkAsNew(temporary: string, file: string): boolean {
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    // Where a file cannot have two names.
    renameSync(temporary, file);
    return true;
  }
}

function tryMove(from: string, to: string, move: number): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (!isHeld(error) || move === maxMoves) throw error;
    return false;
  }
}

/** Whether an error may be that of Windows for a file that another program has open at this moment, a scanner of files say. */
export function isHeld(error: unknown): boolean {
  return platform() === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCodeOf(error) ?? '');
}
