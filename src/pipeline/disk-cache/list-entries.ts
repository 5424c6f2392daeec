import { readdirSync, unlinkSync } from 'node:fs';
import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { LockProcess } from '../../core/fs/lock-holder.ts';
import { renewalWindow } from '../refresh/renewal-window.ts';
import { type CacheFolder, checkFolder, isEntry, isOurs, pathOf, readPrivateFile } from './cache-folder.ts';
import { decodeHeader } from './entry-codec.ts';
import { removeUnused } from './remove-unused.ts';

/** An entry as far as it can be told without the key that opens it. */
export interface ListedEntry {
  /** Path of its file. */
  readonly path: string;
  readonly bytes: number;
  /** `unreadable` for a file that is damaged, of another version or not of ours. */
  readonly state: 'valid' | 'expired' | 'unreadable';
  readonly role?: string;
  readonly target?: string;
  readonly writtenAt?: Date;
  readonly expiration?: Date;
  readonly isEncrypted?: boolean;
}

/**
 * The entries of a folder, those that expire last first.
 *
 * @throws RolesAnywhereError FILE_UNSAFE, FILE_FAILED
 */
export function listEntries(folder: CacheFolder, now: Date): readonly ListedEntry[] {
  return namesIn(folder)
    .filter(isEntry)
    .map((name) => listedOrGone(folder, `${folder.path}/${name}`, now))
    .filter((entry) => entry !== undefined)
    .sort((one, other) => (other.expiration?.getTime() ?? 0) - (one.expiration?.getTime() ?? 0));
}

/**
 * The entry of one plan.
 *
 * @param key that of entry-key.ts
 * @returns undefined where there is none
 * @throws RolesAnywhereError FILE_UNSAFE, FILE_FAILED
 */
export function findListed(folder: CacheFolder, key: string, now: Date): ListedEntry | undefined {
  return listedOrGone(folder, pathOf(folder, key, 'json'), now);
}

/** Until when an entry is handed out without a renewal, as far as what stands in clear tells. */
export function freshUntil({ writtenAt, expiration }: Required<Pick<ListedEntry, 'writtenAt' | 'expiration'>>): Date {
  const end = expiration.getTime();
  return new Date(end - renewalWindow(end - writtenAt.getTime()));
}

/**
 * Removes entries and what else the cache has left in its folder; files of others stay, and so does what a process that
 * renews an entry at this moment has there.
 *
 * @returns how many entries there were
 * @throws RolesAnywhereError FILE_UNSAFE, FILE_FAILED
 */
export function clearEntries(folder: CacheFolder, process: LockProcess): number {
  const names = namesIn(folder).filter(isOurs);
  const outcomes = names.filter(isEntry).map((name) => removed(`${folder.path}/${name}`));
  const left = names.filter((name) => !isEntry(name));
  removeUnused(folder, left, { process, isToGo: () => true });
  const staying = outcomes.filter((outcome) => outcome === 'stays').length;
  if (staying > 0) throw failed(folder, `cannot remove ${staying} of its entries`);
  return outcomes.filter((outcome) => outcome === 'removed').length;
}

/** What another process removes at this moment is gone, and what one writes again is new. */
function removed(file: string): 'removed' | 'gone' | 'stays' {
  try {
    unlinkSync(file);
    return 'removed';
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? 'gone' : 'stays';
  }
}

function namesIn(folder: CacheFolder): readonly string[] {
  try {
    return checkFolder(folder) ? readdirSync(folder.path) : [];
  } catch (error) {
    if (error instanceof RolesAnywhereError) throw error;
    throw failed(folder, `cannot be read: ${systemCodeOf(error)}`);
  }
}

/** Undefined for one that is gone by now. @throws RolesAnywhereError FILE_UNSAFE, FILE_FAILED */
function listedOrGone(folder: CacheFolder, path: string, now: Date): ListedEntry | undefined {
  try {
    return listed(folder, path, now);
  } catch (error) {
    if (error instanceof RolesAnywhereError) throw error;
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw failed(folder, `holds ${path}, which cannot be read: ${systemCodeOf(error)}`);
  }
}

function listed(folder: CacheFolder, path: string, now: Date): ListedEntry | undefined {
  const text = readPrivateFile(folder, path);
  if (text === undefined) return undefined;
  const bytes = Buffer.byteLength(text);
  const header = decodeHeader(text);
  if (header === undefined) return { path, bytes, state: 'unreadable' };
  const { role, target, writtenAt, expiration, isEncrypted } = header;
  const state = expiration > now ? 'valid' : 'expired';
  return { path, bytes, state, role, target, writtenAt, expiration, isEncrypted };
}

function failed({ path, option }: CacheFolder, what: string): RolesAnywhereError {
  return new RolesAnywhereError('FILE_FAILED', `${option}: the cache ${path} ${what}`);
}
