import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats, statSync } from 'node:fs';
import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { AccessLists } from '../../core/fs/access-lists.ts';
import { readFlags } from '../../core/fs/open-to-read.ts';
import { readRegular } from '../../core/fs/read-descriptor.ts';

/** A folder of entries, and who is to own it. */
export interface CacheFolder {
  readonly path: string;
  /** What messages call the place that names it: `--cache-dir`. */
  readonly option: string;
  /** Of the user that this process acts as; undefined where files have no such owner, on Windows. */
  readonly userId: number | undefined;
  /** What is in the place of owners and modes there. */
  readonly accessLists?: AccessLists | undefined;
}

/** An entry has some kilobytes; session policies and tags are a few more. */
const maxFileBytes = 1024 * 1024;

/** Permissions of group and others. */
const others = 0o077;

/** Path of a file of an entry: `json` for the entry itself, `lock` for its lock. */
export function pathOf(folder: CacheFolder, key: string, extension: string): string {
  return `${folder.path}/${key}.${extension}`;
}

/**
 * Reads a file of the folder.
 *
 * @returns undefined where there is no folder or no such file, or the file cannot be one of ours
 * @throws RolesAnywhereError FILE_UNSAFE where others may read or write folder or file, or own it, or the file is a
 *   link; whatever the operating system throws
 */
export function readPrivateFile(folder: CacheFolder, path: string): string | undefined {
  if (!checkFolder(folder)) return undefined;
  const fd = openWithoutLinks(folder, path);
  if (fd === undefined) return undefined;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw unsafe(folder, path, 'is no file', `rm -r ${path}`);
    checkOwner(folder, path, stats);
    return stats.size > maxFileBytes ? undefined : readRegular(fd, stats, maxFileBytes).toString();
  } finally {
    closeSync(fd);
  }
}

/**
 * @returns whether the folder is there
 * @throws RolesAnywhereError FILE_UNSAFE; whatever the operating system throws
 */
export function checkFolder(folder: CacheFolder): boolean {
  const stats = statSync(folder.path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (stats.isDirectory()) checkOwner(folder, folder.path, stats);
  return true;
}

function checkOwner(folder: CacheFolder, path: string, stats: Stats): void {
  const doubt = folder.accessLists?.doubt(path, 'private');
  if (doubt !== undefined) throw unsafe(folder, path, doubt.text, doubt.mending);
  if (folder.userId === undefined) return;
  if (stats.uid !== folder.userId) {
    const whose = `belongs to user ${stats.uid}, and this is user ${folder.userId}`;
    throw unsafe(folder, path, whose, `chown ${folder.userId} ${path}`);
  }
  if ((stats.mode & others) === 0) return;
  const bits = (stats.mode & 0o777).toString(8).padStart(4, '0');
  const mode = stats.isDirectory() ? '700' : '600';
  throw unsafe(folder, path, `gives permissions to others (mode ${bits})`, `chmod ${mode} ${path}`);
}

/** A file that is a link is somebody's attempt to have another one read. */
function openWithoutLinks(folder: CacheFolder, path: string): number | undefined {
  try {
    return openSync(path, readFlags | constants.O_NOFOLLOW);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw unsafe(folder, path, 'is a symbolic link', `rm ${path}`);
    // That of another user, who keeps it to himself.
    if (code === 'EACCES') checkOwner(folder, path, lstatSync(path));
    throw error;
  }
}

function unsafe({ option }: CacheFolder, path: string, what: string, command: string): RolesAnywhereError {
  return new RolesAnywhereError('FILE_UNSAFE', `${option}: ${path} ${what}, so the cache is not used`, {
    hints: [`if it is yours, ${command}`],
  });
}

/** An entry. */
const entryName = /^[0-9a-f]{64}\.json$/;

/** Entries, locks, claims to locks and files on their way to be entries. */
const ownName = /^[0-9a-f]{64}\.(?:json|lock|lock-[0-9a-f]{16}|[0-9a-f]{12}\.tmp)$/;

export function isEntry(name: string): boolean {
  return entryName.test(name);
}

/** Whether a file of the folder is one that the cache makes. */
export function isOurs(name: string): boolean {
  return ownName.test(name);
}

/** The key of the entry that a file of the cache belongs to. */
export function keyOf(name: string): string {
  return name.slice(0, 64);
}
