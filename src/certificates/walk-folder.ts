import { type Dirent, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RolesAnywhereError } from '../core/errors.ts';
import { systemCodeOf } from '../core/errno.ts';
import type { UnreadPlace } from './reported-certificate.ts';

/** Files and folders of a folder, and folders below each other, at the most. */
const [mostEntries, mostDeep] = [20_000, 8];

const hints = ['name the folders that matter'];

/** Not what cannot be looked at: why that is so, whoever reads it tells. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Whether a file or folder that was listed has been removed, or replaced by one of another name, since. */
export function isRemoved(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

export interface FolderFiles {
  readonly files: readonly string[];
  /** Folders below that cannot be listed, which hide nothing else. */
  readonly unread: readonly UnreadPlace[];
}

/**
 * The files below a folder, in the order of their names. What begins with a dot is passed over, as the `..data` of a volume
 * of Kubernetes, whose links to files are followed as all links to files are; links to folders are not.
 *
 * @throws RolesAnywhereError FILE_FAILED where the folder itself cannot be listed, or holds too many
 */
export function filesBelow(folder: string): FolderFiles {
  const found = { files: [], unread: [], folders: 0 };
  collect(folder, entriesOf(folder), 1, found);
  return found;
}

interface Found {
  readonly files: string[];
  readonly unread: UnreadPlace[];
  folders: number;
}

function collect(folder: string, entries: readonly Dirent[], depth: number, found: Found): void {
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) collect(path, listedBelow(path, depth + 1, found), depth + 1, found);
    else if (isFile(entry, path)) found.files.push(path);
    if (found.files.length + found.folders > mostEntries) throw tooMany(folder);
  }
}

function listedBelow(folder: string, depth: number, found: Found): readonly Dirent[] {
  found.folders += 1;
  try {
    if (depth > mostDeep) throw tooDeep(folder);
    return entriesOf(folder);
  } catch (error) {
    if (!isRemoved(folder)) found.unread.push({ place: folder, error });
    return [];
  }
}

/** Nothing but files is opened: a pipe or a device would be waited for. */
function isFile(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile();
  try {
    return statSync(path).isFile();
  } catch {
    // A link to nothing holds no certificate.
    return false;
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (cause) {
    const code = systemCodeOf(cause) ?? 'it cannot be read';
    throw new RolesAnywhereError('FILE_FAILED', `the folder ${folder} cannot be listed: ${code}`, { cause });
  }
}

function tooDeep(folder: string): RolesAnywhereError {
  return new RolesAnywhereError('FILE_FAILED', `the folder ${folder} is more than ${mostDeep} deep`, { hints });
}

function tooMany(folder: string): RolesAnywhereError {
  return new RolesAnywhereError('FILE_FAILED', `${folder} has more than ${mostEntries} files and folders`, { hints });
}
