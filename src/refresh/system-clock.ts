import type { Clock } from './clock.ts';

/** A timer of Node that is asked for more fires at once. */
const longestTimeout = 2 ** 31 - 1;

/** The clocks of this machine. */
export function systemClock(): Clock {
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    after: (milliseconds, callback) => {
      const timer = setTimeout(callback, Math.min(milliseconds, longestTimeout));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
