import { constants, openSync } from 'node:fs';

/** Opens a pipe without waiting for its other end, and a terminal without being its own. Windows has no such flags. */
export const readFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export function openToRead(path: string): number {
  return openSync(path, readFlags);
}
