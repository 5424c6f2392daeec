import { expectRepetition } from '../../runtime/node/jit.ts';
import { isWatched, writeNow, writeSome } from '../../runtime/node/output.ts';
import type { Terminal } from '../command.ts';
import { printable } from './printable.ts';
import { bufferWarnings } from './warnings.ts';

const isWindows = process.platform === 'win32';

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const warnings = bufferWarnings(
    (message) => writeError(`roles-anywhere: warning: ${printable(message)}`),
    process.env,
  );
  takeWarningsOfNode(warnings.warn);
  let output = 1;
  return {
    env: process.env,
    now: () => new Date(),
    stdout: (data) => writeOut(data, output),
    isolateOutput: async () => {
      output = await (await import('./isolate-output.ts')).isolateOutput();
    },
    output: () => output,
    log: writeError,
    warn: warnings.warn,
    tellWarnings: warnings.tell,
    isWatched: () => isWatched(2),
    askSecret: async (question) => (await import('./prompt.ts')).askSecret(question),
    untilStopped,
  };
}

/** Node prints deprecations and the like by a listener of its own, which is not there where it was told not to. */
function takeWarningsOfNode(warn: Terminal['warn']): void {
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => warn(`${name}: ${message}`));
}

/**
 * Writes at once: loading `process.stdout` takes longer than writing. Only where the reader is slow, and the pipe set
 * not to block, is the rest left to it.
 */
async function writeOut(data: string | Uint8Array, output: number): Promise<void> {
  if (isConsole(output)) return (await import('./slow-output.ts')).writeByStream(data);
  let rest = typeof data === 'string' ? Buffer.from(data) : data;
  try {
    while (rest.length > 0) rest = rest.subarray(await writeSome(output, rest));
  } catch (error) {
    await (await import('./slow-output.ts')).writeRest(rest, output, error);
  }
}

/** A console of Windows takes bytes for characters of its own code page; the streams of Node write characters to it. */
function isConsole(descriptor: number): boolean {
  return isWindows && isWatched(descriptor);
}

/** There is nobody to tell when stderr fails. */
function writeError(line: string): void {
  if (isConsole(2)) {
    process.stderr.on('error', () => undefined).write(`${line}\n`);
    return;
  }
  let rest = Buffer.from(`${line}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(writeNow(2, rest));
  } catch {
    // Where it only is slow (EAGAIN), the stream waits.
    process.stderr.on('error', () => undefined).write(rest);
  }
}

/** A process that waits for that lives on. */
function untilStopped(onHangUp?: () => void): Promise<void> {
  expectRepetition();
  return new Promise((resolve) => {
    const stop = (): void => resolve();
    for (const signal of ['SIGINT', 'SIGTERM', ...(isWindows ? ['SIGBREAK'] : [])]) process.on(signal, stop);
    // There it means that the console is closed, and in some seconds the process with it.
    process.on('SIGHUP', isWindows ? stop : (onHangUp ?? stop));
    // Means nothing here, and would end the process.
    process.on('SIGUSR2', () => undefined);
  });
}
