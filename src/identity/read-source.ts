import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ErrorCode } from '../core/errors.ts';
import type { ByteSource, IdentityContext } from './identity.ts';
import { naming, Problem } from './problem.ts';

/** Certificates, chains and keys are kilobytes; whatever is larger was meant for something else. */
export const maxSourceBytes = 1024 * 1024;

const standardInput = 0;

export interface SourceBytes {
  /** A copy of its own: the reader may wipe it. */
  readonly bytes: Buffer;
  /** Permission bits of a regular file; undefined for everything else. */
  readonly mode: number | undefined;
}

/**
 * Reads a source to its end, at most 1 MiB.
 *
 * @param code of the error when that fails: CERTIFICATE_UNREADABLE, CHAIN_UNREADABLE, KEY_UNREADABLE or PASSWORD_UNREADABLE
 */
export function readSource(
  source: ByteSource,
  code: ErrorCode,
  environment: IdentityContext['environment'],
): Promise<SourceBytes> {
  return naming(source, code, async () => {
    const found = await readOrExplain(source, environment);
    // The empty password is one.
    if (found.bytes.length === 0 && code !== 'PASSWORD_UNREADABLE') throw new Problem('is empty');
    if (found.bytes.length > maxSourceBytes) throw new Problem('is larger than 1 MiB');
    return found;
  });
}

async function readOrExplain(source: ByteSource, environment: IdentityContext['environment']): Promise<SourceBytes> {
  try {
    return await readAny(source, environment);
  } catch (error) {
    if (error instanceof Problem) throw error;
    const { explainReadFailure } = await import('./explain-read-failure.ts');
    throw explainReadFailure(error, source);
  }
}

async function readAny(source: ByteSource, environment: IdentityContext['environment']): Promise<SourceBytes> {
  if (source.kind === 'file') return readFile(source.path);
  if (source.kind === 'env') return { bytes: readVariable(source.name, environment), mode: undefined };
  if (source.kind === 'bytes') return { bytes: Buffer.from(source.bytes), mode: undefined };
  return readDescriptor(source.kind === 'fd' ? source.fd : standardInput);
}

async function readFile(path: string): Promise<SourceBytes> {
  const fd = openSync(path, 'r');
  try {
    return await readDescriptor(fd);
  } finally {
    closeSync(fd);
  }
}

async function readDescriptor(fd: number): Promise<SourceBytes> {
  const stats = fstatSync(fd);
  if (stats.isDirectory()) throw new Problem('is a directory');
  if (stats.isFile() && stats.size > 0) {
    return { bytes: readRegular(fd, Math.min(stats.size, maxSourceBytes) + 1), mode: stats.mode };
  }
  const { readStream } = await import('./read-stream.ts');
  return { bytes: await readStream(fd, maxSourceBytes + 1), mode: undefined };
}

/** Reads from the beginning, wherever the descriptor stands, so that a refresh can read it again. */
function readRegular(fd: number, capacity: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(capacity);
  let length = 0;
  while (length < capacity) {
    const count = readSync(fd, buffer, length, capacity - length, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

function readVariable(name: string, environment: IdentityContext['environment']): Buffer {
  const value = environment?.[name];
  if (value === undefined) throw new Problem('is not set');
  return Buffer.from(value, 'utf8');
}
