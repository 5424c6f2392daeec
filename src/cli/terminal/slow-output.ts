import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { HelperOutput } from './isolate-output.ts';

/**
 * Writes what did not go out at once: where the reader is only slow (EAGAIN), by the stream of stdout, which waits.
 * @throws RolesAnywhereError OUTPUT_FAILED
 */
export async function writeRest(bytes: Uint8Array, failure: unknown): Promise<void> {
  if (codeOf(failure) !== 'EAGAIN') throw outputFailed(failure);
  await writeByStream(bytes);
}

/** @throws RolesAnywhereError OUTPUT_FAILED */
export async function writeByStream(data: string | Uint8Array): Promise<void> {
  await writeSlowly(data).catch((failure: unknown) => {
    throw outputFailed(failure);
  });
}

/** @throws RolesAnywhereError OUTPUT_FAILED */
export async function writeByHelper(data: string | Uint8Array, { stdin, finish }: HelperOutput): Promise<void> {
  stdin.write(data);
  await finish().catch((failure: unknown) => {
    throw outputFailed(failure);
  });
}

function writeSlowly(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.once('error', reject);
    process.stdout.write(data, (failure) => (failure ? reject(failure) : resolve()));
  });
}

function outputFailed(cause: unknown): RolesAnywhereError {
  const reason = codeOf(cause) === 'EPIPE' ? 'its reader has gone' : codeOf(cause);
  return new RolesAnywhereError('OUTPUT_FAILED', `cannot write to stdout: ${reason}`, { cause });
}

function codeOf(error: unknown): string {
  return systemCodeOf(error) ?? 'unknown reason';
}
