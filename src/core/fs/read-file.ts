import { closeSync, constants } from 'node:fs';
import { openToRead } from './open-to-read.ts';
import { type FileContent, readDescriptor } from './read-descriptor.ts';
import type { ReadLimits } from './read-limits.ts';

/** Whether modes say who may do what: Windows has neither this constant nor such permissions, and makes up what it tells as mode. */
export const hasModes = 'O_NOFOLLOW' in constants;

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
