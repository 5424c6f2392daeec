import { closeSync, openSync, readdirSync, readlinkSync, readSync, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** Bytes: the whole bundle of a system has a quarter of a megabyte. */
const maxFileBytes = 16 * 1024 * 1024;

/** Files of a folder that are looked at. A system's has some 300. */
const maxFiles = 10_000;

/**
 * Every certificate of a PEM file, each a text of its own: given as one, OpenSSL would stop at the first that is damaged
 * and drop what follows.
 *
 * @throws what node:fs throws, and RangeError for a file that is too large
 */
export function readCertificates(path: string): readonly string[] {
  return readBounded(path).match(/-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[^-]+-----END \1-----/g) ?? [];
}

/** The same of all files in a folder. What cannot be read there is left out, as OpenSSL and Go do. */
export function readCertificateFolder(path: string): readonly string[] {
  return entriesOf(path)
    .slice(0, maxFiles)
    .filter((entry) => !isAlias(path, entry))
    .flatMap(({ name }) => readIfThere(join(path, name)));
}

/** None where the file cannot be read. */
export function readIfThere(path: string): readonly string[] {
  try {
    return readCertificates(path);
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

/** Not by its size: a pipe, which a shell's `<(…)` is, has none. */
function readBounded(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    const pieces: Buffer[] = [];
    for (let total = 0; total <= maxFileBytes;) {
      const piece = Buffer.alloc(256 * 1024);
      const length = readSync(descriptor, piece);
      if (length === 0) return Buffer.concat(pieces).toString('latin1');
      pieces.push(piece.subarray(0, length));
      total += length;
    }
    throw new RangeError(`more than ${maxFileBytes} bytes`);
  } finally {
    closeSync(descriptor);
  }
}
