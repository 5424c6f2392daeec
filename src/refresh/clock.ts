/** Two clocks, for either may lie: the wall clock is set, and the monotonic one stands still while a machine sleeps. */
export interface Clock {
  readonly now: () => Date;
  /** Milliseconds since some moment; never goes back. */
  readonly monotonic: () => number;
  /** Calls back once after so many milliseconds; the returned function calls it off. Does not keep a process alive. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
}
