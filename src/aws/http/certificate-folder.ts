import { readdirSync, readlinkSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { readPemCertificates } from './read-certificates.ts';

/** Files of a folder that are looked at. A system's has some 300. */
const maxFiles = 10_000;

/** Every certificate of all files in a folder, as `readPemCertificates` has them. What cannot be read there is left out, as OpenSSL and Go do. */
export async function readCertificateFolder(path: string): Promise<readonly string[]> {
  const entries = entriesOf(path)
    .slice(0, maxFiles)
    .filter((entry) => !isAlias(path, entry));
  const found: (readonly string[])[] = [];
  for (const { name } of entries) found.push(await readIfThere(join(path, name)));
  return found.flat();
}

/** None where the file cannot be read. */
export async function readIfThere(path: string): Promise<readonly string[]> {
  try {
    return await readPemCertificates(path);
  } catch {
    return [];
  }
}

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile() || entry.isSymbolicLink());
  } catch {
    return [];
  }
}

/** OpenSSL finds certificates by links that are named after a hash; what they lead to stands in the same folder. */
function isAlias(folder: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return false;
  try {
    return !readlinkSync(join(folder, entry.name)).includes('/');
  } catch {
    return true;
  }
}
