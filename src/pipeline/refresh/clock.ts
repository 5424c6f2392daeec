/** Two clocks, for either may lie: the wall clock is set, and the monotonic one stands still while a machine sleeps. */
export interface Clock {
  readonly now: () => Date;
  /** Milliseconds since some moment; never goes back. */
  readonly monotonic: () => number;
  /** Calls back once after so many milliseconds; the returned function calls it off. */
  readonly after: (milliseconds: number, callback: () => void, settings?: TimerSettings) => () => void;
}

interface TimerSettings {
  /** Keeps the process alive, for somebody who waits for it; false when not given. */
  readonly keepsAlive?: boolean;
}

/** A timer of Node that is asked for more fires at once. */
const longestTimeout = 2 ** 31 - 1;

/** The clocks of this machine. */
export function systemClock(): Clock {
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    after: (milliseconds, callback, { keepsAlive = false } = {}) => {
      const timer = setTimeout(callback, Math.min(milliseconds, longestTimeout));
      if (!keepsAlive) timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

/** Milliseconds that the clocks may drift apart between two looks: clocks are slewed, and reading two takes a while. */
const tolerance = 5000;

/**
 * Notices that the wall clock went another way than the monotonic one.
 *
 * @returns a look at both: by how many milliseconds the wall clock has jumped since the last look, or 0
 */
export function watchClocks({ now, monotonic }: Pick<Clock, 'now' | 'monotonic'>): () => number {
  let offset = now().getTime() - monotonic();
  return () => {
    const before = offset;
    offset = now().getTime() - monotonic();
    const jumped = offset - before;
    return Math.abs(jumped) > tolerance ? jumped : 0;
  };
}
