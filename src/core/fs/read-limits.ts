/** How much may come, and who may end the wait for it. */
export interface ReadLimits {
  /** Bytes. What has more is refused. */
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Of what is read no more, in the terms of the operating system. */
export function readFault(code: 'EFBIG' | 'EISDIR' | 'ESTALE' | 'ETIMEDOUT'): Error {
  return Object.assign(new Error(code), { code });
}
