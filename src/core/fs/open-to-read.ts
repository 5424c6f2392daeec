import { constants, openSync } from 'node:fs';

/** How much may come, and who may end the wait for it. */
export interface ReadLimits {
  /** Bytes. What has more is refused. */
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a pipe without waiting for its other end, and a terminal without being its own. Windows has no such flags. */
export const readFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export function openToRead(path: string): number {
  return openSync(path, readFlags);
}

/** Of what is read no more, in the terms of the operating system. */
export function readFault(code: 'EFBIG' | 'EISDIR' | 'ESTALE' | 'ETIMEDOUT'): Error {
  return Object.assign(new Error(code), { code });
}
