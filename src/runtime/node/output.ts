import { fstatSync } from 'node:fs';

/** `writeSome` may do so later; both give how many bytes were taken, and throw what node:fs throws. */
export { writeSync as writeNow, writeSync as writeSome } from 'node:fs';

/** A terminal, or, where nobody sees it, something like /dev/null. */
export function isWatched(descriptor: number): boolean {
  return fstatSync(descriptor).isCharacterDevice();
}
