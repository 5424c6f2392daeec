import { writeSync } from 'node:fs';
import { RolesAnywhereError } from '../errors.ts';
import type { Terminal } from './command.ts';
import { printable } from './printable.ts';

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    env: process.env,
    now: () => new Date(),
    stdout: writeOut,
    log: writeError,
    warn: (message) => writeError(`roles-anywhere: warning: ${printable(message)}`),
    askSecret: async (question) => (await import('./prompt.ts')).askSecret(question),
    untilStopped,
  };
}

/**
 * Writes at once: loading `process.stdout` takes longer than writing. Only where the reader is slow, and the pipe set
 * not to block, is the rest left to it.
 */
async function writeOut(data: string | Uint8Array): Promise<void> {
  let rest = typeof data === 'string' ? Buffer.from(data) : data;
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
  } catch (error) {
    if (codeOf(error) !== 'EAGAIN') throw outputFailed(error);
    const { writeSlowly } = await import('./slow-output.ts');
    await writeSlowly(rest).catch((failure: unknown) => {
      throw outputFailed(failure);
    });
  }
}

function outputFailed(cause: unknown): RolesAnywhereError {
  const reason = codeOf(cause) === 'EPIPE' ? 'its reader has gone' : codeOf(cause);
  return new RolesAnywhereError('OUTPUT_FAILED', `cannot write to stdout: ${reason}`, { cause });
}

/** There is nobody to tell when stderr fails. */
function writeError(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(2, rest));
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') process.stderr.write(rest);
  }
}

function untilStopped(onHangUp?: () => void): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
    process.on('SIGHUP', onHangUp ?? (() => resolve()));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
