import { fstatSync, readSync, type Stats } from 'node:fs';
import { readFault, type ReadLimits } from './read-limits.ts';

export interface FileContent {
  /** The reader's own: it may wipe them. */
  readonly bytes: Buffer;
  /** Permission bits of a regular file; undefined for everything else. */
  readonly mode: number | undefined;
}

/**
 * Reads what is open to its end, and leaves it open. A file is read from its beginning, so that it can be read again.
 *
 * @throws as `readFile`
 */
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
