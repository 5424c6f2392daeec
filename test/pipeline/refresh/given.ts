import type { Credentials } from '../../../src/core/credentials.ts';
import { RolesAnywhereError, type ErrorCode } from '../../../src/core/errors.ts';
import { createRefresher, type Refresher, type RefreshEvent } from '../../../src/pipeline/refresh/refresher.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** What a call of `obtain` comes to, after a while. */
export interface Outcome {
  /** Milliseconds the set lives when it comes. */
  readonly lifetime?: number;
  readonly error?: unknown;
  readonly delay?: number;
}

export interface Stage {
  readonly refresher: Refresher;
  readonly clock: FakeClock;
  readonly events: RefreshEvent[];
  /** Monotonic times at which `obtain` was called. */
  readonly calls: number[];
  /** What the next calls come to; the last one for ever. */
  outcomes: Outcome[];
}

/** A refresher with a clock of its own. Sets are named A1, A2, … in the order in which they were asked for. */
export function makeStage(outcomes: readonly Outcome[] = [{}], random: () => number = () => 0): Stage {
  const clock = fakeClock();
  const events: RefreshEvent[] = [];
  const calls: number[] = [];
  const stage = { clock, events, calls, outcomes: [...outcomes] };
  const obtain = async (): Promise<Credentials> => {
    calls.push(clock.monotonic());
    const number = calls.length;
    const outcome = (stage.outcomes.length > 1 ? stage.outcomes.shift() : stage.outcomes[0]) ?? {};
    const { delay = 0, error, lifetime = hour } = outcome;
    if (delay > 0) await new Promise<void>((resolve) => clock.after(delay, resolve));
    if (error !== undefined) throw error;
    return makeSet(`A${number}`, new Date(clock.now().getTime() + lifetime));
  };
  const refresher = createRefresher(obtain, { clock, random, onEvent: (event) => events.push(event) });
  return Object.assign(stage, { refresher });
}

export function makeSet(accessKeyId: string, expiration: Date): Credentials {
  return {
    accessKeyId,
    secretAccessKey: `secret of ${accessKeyId}`,
    sessionToken: `token of ${accessKeyId}`,
    expiration,
  };
}

export function failure(code: ErrorCode, message = 'not now'): RolesAnywhereError {
  return new RolesAnywhereError(code, message);
}
