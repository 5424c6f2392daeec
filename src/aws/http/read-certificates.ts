import { readdirSync, readlinkSync, type Dirent } from 'node:fs';
import { join } from 'node:path';

import { readFile } from '../../core/fs/read-file.ts';

/** Bytes: the whole bundle of a system has a quarter of a megabyte. */
const maxFileBytes = 16 * 1024 * 1024;

/** Files of a folder that are looked at. A system's has some 300. */
const maxFiles = 10_000;

/**
 * Every certificate of a PEM file, each a text of its own: given as one, OpenSSL would stop at the first that is damaged
 * and drop what follows.
 *
 * @throws as `readFile`
 */
export async function readPemCertificates(path: string): Promise<readonly string[]> {
  const { bytes } = await readFile(path, { bytes: maxFileBytes });
  return bytes.toString('latin1').match(/-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[^-]+-----END \1-----/g) ?? [];
}

/** The same of all files in a folder. What cannot be read there is left out, as OpenSSL and Go do. */
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
