import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { codeOf } from './file-failure.ts';

/**
 * Puts new bytes in the place of a file, in one step: readers see the old file or the new one, whatever happens.
 *
 * @param before what was there, whose mode and owner the new file gets; a file of its own gets 0600
 * @param isStillMine asked right before that step
 * @returns false when it was not
 * @throws RolesAnywhereError FILE_UNSAFE where the owner cannot be kept; whatever the file system throws
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  { before, isStillMine, sleep }: ReplaceSettings,
): Promise<boolean> {
  const temporary = `${temporaryPrefix(path)}${randomUUID()}`;
  try {
    writeSynced(temporary, bytes, (descriptor) => keepOwner(path, descriptor, before));
    if (!isStillMine()) return false;
    await renameOver(temporary, path, sleep);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
  return true;
}

interface ReplaceSettings {
  readonly before: Stats | undefined;
  readonly isStillMine: () => boolean;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Removes what writers left behind that were killed. Only for who holds the lock: any other writer is dead. */
export function removeLeftovers(path: string): void {
  const prefix = basename(temporaryPrefix(path));
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(prefix)) rmSync(join(dirname(path), name), { force: true });
  }
}

/** In the same folder, as a rename must not leave the file system. */
function temporaryPrefix(path: string): string {
  return join(dirname(path), `.${basename(path)}.roles-anywhere-`);
}

function writeSynced(path: string, bytes: Uint8Array, prepare: (descriptor: number) => void): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    prepare(descriptor);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function keepOwner(path: string, descriptor: number, before: Stats | undefined): void {
  if (before === undefined) return;
  const { uid, gid } = fstatSync(descriptor);
  if (uid !== before.uid || gid !== before.gid) {
    try {
      fchownSync(descriptor, before.uid, before.gid);
    } catch (cause) {
      throw new RolesAnywhereError('FILE_UNSAFE', `${path} belongs to user ${before.uid} and group ${before.gid}`, {
        cause,
        hints: ['run update as that user, or change the owner of the file'],
      });
    }
  }
  fchmodSync(descriptor, before.mode & 0o777);
}

/** On Windows a file cannot be replaced while a reader has it open, which no reader does for long. */
async function renameOver(from: string, to: string, sleep: ReplaceSettings['sleep']): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const isInUse = ['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error));
      if (!isInUse || attempt === 20) throw error;
      await sleep(25);
    }
  }
}

/** The new name is on the disk when its folder is. Windows has nothing of the kind, and some file systems neither. */
function syncFolder(path: string): void {
  try {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The file itself is in place.
  }
}
