import type { Clock } from '../../src/pipeline/refresh/clock.ts';

/** Both clocks and all timers in the hands of a test. */
export interface FakeClock extends Clock {
  /** Lets time pass for both clocks, timer by timer. */
  advance(milliseconds: number): Promise<void>;
  /** The machine sleeps: the wall clock alone goes on. Timers that were due by it are as late as that. */
  suspend(milliseconds: number): Promise<void>;
  /** Somebody sets the wall clock by so many milliseconds. */
  setWallClock(milliseconds: number): void;
  /** Milliseconds until the next timer; undefined where there is none. */
  untilNextTimer(): number | undefined;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Lets everything that was promised so far happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What renews itself looks whether it must once a minute at the least. */
const longestSleep = 60_000;

/** Lets time pass until what renews itself is at it, which takes real time: this clock stands still meanwhile. */
export async function passToRenewal(clock: FakeClock): Promise<void> {
  const next = clock.untilNextTimer() ?? Infinity;
  if (next > longestSleep) return;
  await clock.advance(next);
  await passToRenewal(clock);
}

export function fakeClock(start = Date.UTC(2026, 0, 15, 12)): FakeClock {
  let wall = start;
  let monotonic = 5000;
  const timers = new Set<Timer>();
  const next = (): Timer | undefined => [...timers].sort((one, other) => one.at - other.at)[0];
  const pass = (milliseconds: number): void => {
    wall += milliseconds;
    monotonic += milliseconds;
  };
  return {
    now: () => new Date(wall),
    monotonic: () => monotonic,
    after(milliseconds, callback) {
      const timer = { at: monotonic + milliseconds, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(milliseconds) {
      const end = monotonic + milliseconds;
      await settled();
      for (let timer = next(); timer !== undefined && timer.at <= end; timer = next()) {
        pass(Math.max(0, timer.at - monotonic));
        timers.delete(timer);
        timer.callback();
        await settled();
      }
      pass(end - monotonic);
    },
    async suspend(milliseconds) {
      wall += milliseconds;
      await settled();
    },
    setWallClock(milliseconds) {
      wall += milliseconds;
    },
    untilNextTimer() {
      const timer = next();
      return timer && timer.at - monotonic;
    },
  };
}
