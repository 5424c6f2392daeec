import { fstatSync, writeSync } from 'node:fs';

/** Tells how many bytes were taken, perhaps later; throws what node:fs throws. */
export const writeSome: (descriptor: number, bytes: Uint8Array) => number | Promise<number> = writeSync;

export { writeSync as writeNow };

/** A terminal, or, where nobody sees it, something like /dev/null. */
export function isWatched(descriptor: number): boolean {
  return fstatSync(descriptor).isCharacterDevice();
}
