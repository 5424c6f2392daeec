import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';

/** Milliseconds after which a reader that is slow is looked after again. */
const pause = 5;

/**
 * Writes what did not go out at once: where the reader is only slow (EAGAIN), as it takes it. The stream that Node has for
 * this is that of descriptor 1, which stdout may not be any more.
 *
 * @throws RolesAnywhereError OUTPUT_FAILED
 */
export async function writeRest(bytes: Uint8Array, output: number, failure: unknown): Promise<void> {
  if (codeOf(failure) !== 'EAGAIN') throw outputFailed(failure);
  await sleep(pause);
  let rest = bytes;
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(output, rest));
  } catch (error) {
    await writeRest(rest, output, error);
  }
}

/**
 * Writes by the stream of descriptor 1.
 * @throws RolesAnywhereError OUTPUT_FAILED
 */
export function writeByStream(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (failure: Error): void => reject(outputFailed(failure));
    process.stdout.once('error', fail);
    process.stdout.write(data, (failure) => (failure ? fail(failure) : resolve()));
  });
}

function outputFailed(cause: unknown): RolesAnywhereError {
  const reason = codeOf(cause) === 'EPIPE' ? 'its reader has gone' : codeOf(cause);
  return new RolesAnywhereError('OUTPUT_FAILED', `cannot write to stdout: ${reason}`, { cause });
}

function codeOf(error: unknown): string {
  return systemCodeOf(error) ?? 'unknown reason';
}
