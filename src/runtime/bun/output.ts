/** The same as ../node/output.ts without node:fs, which takes longer to load than all that is written. */

/** Bytes that a pipe takes as a whole or not at all (PIPE_BUF of Linux; pipe(7)): after a part, Bun would begin anew. */
const wholeBytes = 4096;

export function writeSome(descriptor: number, bytes: Uint8Array): number | Promise<number> {
  return descriptor === 1 && bytes.length <= wholeBytes ? Bun.write(Bun.stdout, bytes) : writeNow(descriptor, bytes);
}

/** Loads node:fs at once: a message of a call that goes well is rare. */
export function writeNow(descriptor: number, bytes: Uint8Array): number {
  return process.getBuiltinModule('node:fs').writeSync(descriptor, bytes);
}

/** A terminal. */
export function isWatched(descriptor: number): boolean {
  return process.binding('tty_wrap').isTTY(descriptor);
}
