import { closeSync, fstatSync, readSync, type Stats } from 'node:fs';
import { openToRead, readFault, type ReadLimits } from './open-to-read.ts';

export interface FileContent {
  /** The reader's own: it may wipe them. */
  readonly bytes: Buffer;
  /** Permission bits of a regular file; undefined for everything else. */
  readonly mode: number | undefined;
}

/**
 * Reads a file or a pipe to its end. Whatever is opened, it is over in a minute at the latest, and the thread is not
 * held up: read-stream.ts has the rules for what is no regular file.
 *
 * @throws what node:fs throws; an error with the code EFBIG for more bytes than allowed, EISDIR for a folder, ETIMEDOUT
 *   for what does not end, ESTALE for what was replaced while it did not end; the signal's reason
 */
export async function readFile(path: string, limits: ReadLimits): Promise<FileContent> {
  const fd = openToRead(path);
  try {
    return await readDescriptor(fd, limits, path);
  } finally {
    closeSync(fd);
  }
}

/** The same of what is open, and stays so. A file is read from its beginning, so that it can be read again. */
export async function readDescriptor(fd: number, limits: ReadLimits, path?: string): Promise<FileContent> {
  const stats = fstatSync(fd);
  if (stats.isFile() && stats.size > 0) return { bytes: readRegular(fd, stats, limits.bytes), mode: stats.mode };
  const { readStream } = await import('./read-stream.ts');
  return { bytes: await readStream(fd, { ...limits, path }), mode: undefined };
}

/** A regular file at once. */
export function readRegular(fd: number, { size }: Stats, limit: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(Math.min(size, limit) + 1);
  let length = 0;
  for (let count; count !== 0; length += count) count = readSync(fd, buffer, length, buffer.length - length, length);
  if (length > limit) throw readFault('EFBIG');
  return buffer.subarray(0, length);
}
