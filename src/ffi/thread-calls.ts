import type { NativeArgument } from './ffi.ts';

interface ThreadCalls {
  /** What each was given: they have bare addresses, which keep no bytes from being collected. */
  readonly underWay: Set<readonly NativeArgument[]>;
  running: number;
  readonly waiting: (() => void)[];
}

const key = Symbol.for('roles-anywhere: calls on other threads');
// eslint-disable-next-line typescript/no-unsafe-type-assertion -- nobody else has this key
const everywhere = globalThis as { [key]?: ThreadCalls };

/** Calls on other threads. Of the process, as bundles of the command and of programs hold copies of this file. */
const calls: ThreadCalls = (everywhere[key] ??= { underWay: new Set(), running: 0, waiting: [] });

/** Keeps what a call is given until it has come back. */
export async function keeping<T>(given: readonly NativeArgument[], call: () => Promise<T>): Promise<T> {
  calls.underWay.add(given);
  try {
    return await call();
  } finally {
    calls.underWay.delete(given);
  }
}

/** Whether one has not come back, by whichever copy. */
export function isCalling(): boolean {
  return calls.underWay.size > 0;
}

/** Runs work beside as much other as there may be at once; what is more waits for its turn. */
export async function amongFew<T>(most: number, work: () => Promise<T>): Promise<T> {
  if (calls.running < most) calls.running += 1;
  else await new Promise<void>((begin) => calls.waiting.push(begin));
  try {
    return await work();
  } finally {
    const next = calls.waiting.shift();
    if (next === undefined) calls.running -= 1;
    else next();
  }
}
