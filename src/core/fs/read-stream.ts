import { closeSync, fstatSync, read, readlinkSync, readSync, type Stats, statSync } from 'node:fs';
import { on, once } from 'node:events';
import { Socket } from 'node:net';
import { platform } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCodeOf } from '../errno.ts';
import { openToRead } from './open-to-read.ts';
import { readFault, type ReadLimits } from './read-limits.ts';

const chunkBytes = 64 * 1024;

/** Milliseconds between two looks at a pipe that has nothing to read. */
const pollMs = 10;

/** Milliseconds for a whole pipe: at its other end may be a program that asks its user for a password. */
const longestPipe = 60_000;

/** Milliseconds until the first byte of a named pipe that nobody writes to, or of a device. */
const longestSilence = 5000;

/** Looks between two checks that the path still leads to what is read. */
const looksPerCheck = 25;

interface StreamLimits extends ReadLimits {
  /** Where it was opened; undefined for a descriptor that was handed over. */
  readonly path?: string | undefined;
}

/**
 * Reads what has no size to its end: a pipe, a terminal, a socket, a file of /proc. Never waits in a call of the
 * operating system: such a call could not be ended, and would keep the process from ending, too.
 *
 * A pipe with a writer has a minute; what nobody writes to, five seconds; what is replaced meanwhile is given up.
 *
 * @throws as `readFile`
 */
export async function readStream(fd: number, limits: StreamLimits): Promise<Buffer> {
  const stats = fstatSync(fd);
  if (stats.isDirectory()) throw readFault('EISDIR');
  if (limits.path !== undefined) return collect(chunksOf(fd, stats, limits), limits);
  const own = reopened(fd);
  if (own === undefined) return collect(sharedChunks(fd, stats, limits), limits);
  try {
    return await collect(chunksOf(own, stats, limits), limits);
  } finally {
    closeSync(own);
  }
}

/**
 * A descriptor of its own for what is open elsewhere, too: to read one that is shared without blocking would be to
 * change it for everybody. Undefined for a socket, for a pipe of another user, and where there is no such path.
 */
function reopened(fd: number): number | undefined {
  if (platform() !== 'linux') return undefined;
  try {
    return openToRead(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

async function collect(chunks: AsyncIterable<Buffer>, { bytes: limit }: StreamLimits): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      parts.push(chunk);
      length += chunk.length;
      if (length > limit) throw readFault('EFBIG');
    }
    return Buffer.concat(parts);
  } finally {
    for (const part of parts) part.fill(0);
  }
}

/** Of a descriptor that does not block. */
async function* chunksOf(fd: number, stats: Stats, limits: StreamLimits): AsyncGenerator<Buffer> {
  const start = performance.now();
  const mayBeginLate = stats.isFIFO() && !isAnonymous(fd);
  let isBegun = !mayBeginLate;
  let bound = longestSilence;
  for (let look = 1; ; look += 1) {
    limits.signal?.throwIfAborted();
    const chunk = readNow(fd);
    if (chunk !== undefined && chunk.length > 0) {
      isBegun = true;
      bound = longestPipe;
      yield chunk;
      continue;
    }
    if (chunk !== undefined && isBegun) return;
    const hasWriter = chunk === undefined && !stats.isCharacterDevice();
    if (hasWriter || limits.path === undefined) bound = longestPipe;
    if (performance.now() - start > bound) throw readFault('ETIMEDOUT');
    if (look % looksPerCheck === 0) checkPlace(limits.path, stats);
    await delay(pollMs);
  }
}

/** Empty at the end, and where a named pipe has no writer; undefined where there is nothing yet. */
function readNow(fd: number): Buffer | undefined {
  const chunk = Buffer.allocUnsafeSlow(chunkBytes);
  try {
    return chunk.subarray(0, readSync(fd, chunk));
  } catch (error) {
    // Windows tells the end of a pipe as an error.
    if (systemCodeOf(error) === 'EOF') return chunk.subarray(0, 0);
    if (systemCodeOf(error) === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Whether a pipe has no name, as that of a shell's `<(…)`: where nobody writes to it, nobody will. */
function isAnonymous(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('pipe:');
  } catch {
    return false;
  }
}

function checkPlace(path: string | undefined, { dev, ino }: Stats): void {
  if (path === undefined) return;
  const now = statSync(path, { throwIfNoEntry: false });
  if (now?.dev !== dev || now.ino !== ino) throw readFault('ESTALE');
}

/** Its sockets over a descriptor that is open give nothing. */
const isBun = 'Bun' in globalThis;

/** Of a descriptor that others share, and that may block. */
async function* sharedChunks(fd: number, stats: Stats, limits: StreamLimits): AsyncGenerator<Buffer> {
  const timeout = AbortSignal.timeout(longestPipe);
  const signal = limits.signal === undefined ? timeout : AbortSignal.any([timeout, limits.signal]);
  try {
    const readsBySocket = (stats.isSocket() || stats.isFIFO()) && !isBun;
    yield* readsBySocket ? socketChunks(fd, signal) : threadChunks(fd, signal);
  } catch (error) {
    if (timeout.aborted) throw readFault('ETIMEDOUT');
    limits.signal?.throwIfAborted();
    throw error;
  }
}

/** The socket stays open, as its descriptor is not ours to close; it keeps nothing alive. */
async function* socketChunks(fd: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  socket.on('error', () => undefined);
  try {
    for await (const [chunk] of on(socket, 'data', { signal, close: ['end'] })) yield Buffer.from(chunk);
  } finally {
    socket.pause().unref();
  }
}

/** Where nothing else is to be had, as for a terminal beside Linux. The wait can be ended, and the thread goes on waiting. */
async function* threadChunks(fd: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const aborted = once(signal, 'abort').then(() => signal.throwIfAborted());
  aborted.catch(() => undefined);
  for (;;) {
    signal.throwIfAborted();
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    const reading = new Promise<number>((resolve, reject) => {
      read(fd, chunk, 0, chunk.length, null, (error, length) => (error === null ? resolve(length) : reject(error)));
    }).catch(nothingYet);
    const count = await Promise.race([reading, aborted]);
    if (count === 0) return;
    if (count === undefined) await delay(pollMs);
    else yield chunk.subarray(0, count);
  }
}

/** Of a descriptor that does not block, and has nothing to read. */
function nothingYet(error: unknown): undefined {
  if (systemCodeOf(error) !== 'EAGAIN') throw error;
}
