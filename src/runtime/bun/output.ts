/** The same as ../node/output.ts without node:fs, which takes longer to load than all that is written. */

/**
 * Where only a part is taken, Bun begins anew, which would double what was written. A pipe of Linux that does not block
 * takes this many bytes as a whole or not at all (PIPE_BUF; pipe(7)); that of others takes parts of more than 512, so that
 * nothing is left to Bun there. A socket may take a part of less where much has been written to it that nobody has read
 * yet: so only the first of what this process writes, as a rule its one document, goes this way.
 */
const wholeBytes = process.platform === 'linux' ? 4096 : 0;

let isFirst = true;

export function writeSome(descriptor: number, bytes: Uint8Array): number | Promise<number> {
  const isForBun = isFirst && descriptor === 1 && bytes.length <= wholeBytes;
  isFirst = false;
  return isForBun ? Bun.write(Bun.stdout, bytes) : writeNow(descriptor, bytes);
}

/** Loads node:fs at once: a message of a call that goes well is rare. */
export function writeNow(descriptor: number, bytes: Uint8Array): number {
  return process.getBuiltinModule('node:fs').writeSync(descriptor, bytes);
}

/** A terminal. */
export function isWatched(descriptor: number): boolean {
  return process.binding('tty_wrap').isTTY(descriptor);
}
