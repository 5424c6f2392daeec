import { randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { type CacheFolder, checkFolder, codeOf } from './cache-folder.ts';

const { O_WRONLY, O_CREAT, O_EXCL } = constants;

/** Windows has no such flag, and does not let a file be replaced while somebody has it open. */
const isWindows = !('O_NOFOLLOW' in constants);

/** How often a file is moved over another one that somebody on Windows has open to read. */
const maxMoves = 20;

/** Milliseconds between that. */
const pause = 10;

/**
 * Makes the folder, and those above it that are missing, for this user alone.
 *
 * @throws RolesAnywhereError FILE_UNSAFE where it is there and others may use it; whatever the operating system throws
 */
export function makeFolder(folder: CacheFolder): void {
  mkdirSync(folder.path, { recursive: true, mode: 0o700 });
  checkFolder(folder);
}

/** Makes a file that must not be there yet. @throws whatever the operating system throws: EEXIST */
export function createPrivateFile(path: string, text: string): void {
  withNewFile(path, (fd) => writeAll(fd, text));
}

function withNewFile(path: string, use: (fd: number) => void): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}

/**
 * Puts a file in the place of another one, or of none, whole or not at all.
 *
 * @param path without its extension
 * @throws whatever the operating system throws
 */
export async function replacePrivateFile(
  { path, extension }: { readonly path: string; readonly extension: string },
  text: string,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    withNewFile(temporary, (fd) => {
      writeAll(fd, text);
      fsyncSync(fd);
    });
    for (let move = 1; !tryMove(temporary, `${path}.${extension}`, move); move++) await sleep(pause);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

function tryMove(from: string, to: string, move: number): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const isOpen = isWindows && ['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '');
    if (!isOpen || move === maxMoves) throw error;
    return false;
  }
}

/** What cannot be removed is swept away later: see entry-file.ts. */
export function removeIfThere(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
