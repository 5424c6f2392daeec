import { read } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const chunkBytes = 64 * 1024;

/** How long to wait for a writer on a pipe that was handed over in non-blocking mode. */
const pollMs = 10;

/** Reads a pipe, a terminal or another thing without a size to its end, or until there are `limit` bytes. */
export async function readStream(fd: number, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < limit) {
    const chunk = await readChunk(fd);
    if (chunk.length === 0) break;
    chunks.push(chunk);
    length += chunk.length;
  }
  const all = Buffer.concat(chunks);
  for (const chunk of chunks) chunk.fill(0);
  return all;
}

/** Empty at the end. */
async function readChunk(fd: number): Promise<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(chunkBytes);
  for (;;) {
    const result = await readOnce(fd, chunk);
    if (typeof result === 'number') return chunk.subarray(0, result);
    // Windows tells the end of a pipe as an error.
    if (result.code === 'EOF') return chunk.subarray(0, 0);
    if (result.code !== 'EAGAIN') throw result;
    await delay(pollMs);
  }
}

function readOnce(fd: number, into: Buffer): Promise<number | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    read(fd, into, 0, into.length, null, (error, count) => resolve(error ?? count));
  });
}
