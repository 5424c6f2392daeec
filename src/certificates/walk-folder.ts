import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RolesAnywhereError } from '../core/errors.ts';
import { systemCodeOf } from '../core/errno.ts';

/** Files of a folder, and folders below each other, at the most. */
const [mostFiles, mostFolders] = [20_000, 8];

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * The files below a folder, in the order of their names. What begins with a dot is passed over, as the `..data` of a volume
 * of Kubernetes, whose links to files are followed as all links to files are; links to folders are not.
 *
 * @throws RolesAnywhereError FILE_FAILED
 */
export function filesBelow(folder: string): readonly string[] {
  const files: string[] = [];
  collect(folder, 1, files);
  return files;
}

function collect(folder: string, depth: number, files: string[]): void {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) collectBelow(path, depth + 1, files);
    else if (isFile(entry, path)) files.push(path);
    if (files.length > mostFiles) throw tooMuch(folder, `more than ${mostFiles} files`);
  }
}

function collectBelow(folder: string, depth: number, files: string[]): void {
  if (depth > mostFolders) throw tooMuch(folder, `folders more than ${mostFolders} deep`);
  collect(folder, depth, files);
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

function tooMuch(folder: string, what: string): RolesAnywhereError {
  return new RolesAnywhereError('FILE_FAILED', `${folder} has ${what}`, { hints: ['name the folders that matter'] });
}
