import * as fc from '../../support/fast-check.ts';
import { expect, it } from 'vitest';
import type { Credentials } from '../../../src/core/credentials.ts';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { createRefresher, type Refresher } from '../../../src/pipeline/refresh/refresher.ts';
import { failureKind } from '../../../src/core/error-facts.ts';
import { fakeClock, type FakeClock, settled } from '../../support/fake-clock.ts';
import { failure, hour, makeSet, minute, second } from './given.ts';

/** What a call to the source comes to, after a while. */
type Outcome =
  | { readonly kind: 'set'; readonly lifetime: number; readonly delay: number }
  | { readonly kind: 'broken'; readonly part: object; readonly delay: number }
  | { readonly kind: 'failure'; readonly code: ErrorCode; readonly delay: number }
  | { readonly kind: 'thrown' };

type Step =
  | { readonly kind: 'get'; readonly force: boolean; readonly abortAfter: number | undefined }
  | { readonly kind: 'reload' }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'suspend'; readonly milliseconds: number }
  | { readonly kind: 'set-clock'; readonly milliseconds: number }
  | { readonly kind: 'keep-fresh' };

const delay = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 * minute }));
const failing = (...codes: readonly ErrorCode[]): fc.Arbitrary<Outcome> =>
  fc.record({ kind: fc.constant('failure' as const), code: fc.constantFrom(...codes), delay });
const lifetime = fc.oneof(
  { weight: 1, arbitrary: fc.integer({ min: 10 * second, max: 15 * minute }) },
  { weight: 4, arbitrary: fc.integer({ min: 15 * minute, max: 12 * hour }) },
);
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('set' as const), lifetime, delay }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('broken' as const),
      part: fc.constantFrom(
        { accessKeyId: '' },
        { sessionToken: undefined },
        { expiration: new Date(0) },
        { expiration: new Date(Number.NaN) },
      ),
      delay,
    }),
  },
  { weight: 10, arbitrary: failing('SERVICE_UNAVAILABLE', 'NETWORK_TIMEOUT', 'REFUSED_ROLE', 'CERTIFICATE_EXPIRED') },
  { weight: 1, arbitrary: failing('PIN_WRONG') },
  { weight: 2, arbitrary: fc.constant({ kind: 'thrown' as const }) },
);
const milliseconds = fc.oneof(
  fc.integer({ min: 0, max: 2 * second }),
  fc.integer({ min: 0, max: 15 * minute }),
  fc.integer({ min: 0, max: 3 * hour }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('get' as const),
      force: fc.boolean(),
      abortAfter: fc.option(fc.nat(minute), { nil: undefined }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), milliseconds }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('suspend' as const), milliseconds }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set-clock' as const),
      milliseconds: fc.integer({ min: -13 * hour, max: 13 * hour }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reload' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'keep-fresh' as const }) },
);

/** What the test knows by itself of the world around the refresher. */
class World {
  readonly clock: FakeClock = fakeClock();
  readonly #outcomes: readonly Outcome[];
  /** Ends of the sets that were given out, by either clock. */
  readonly #ends = new Map<string, { readonly wall: number; readonly monotonic: number }>();
  readonly #thrown = new Set<unknown>();
  #calls = 0;
  #flights = 0;
  #lastCall = Number.NEGATIVE_INFINITY;
  /** After a failure, nobody calls before. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #isReloading = false;
  /** Somebody did what may make the next call come early: jumped a clock, forced or reloaded. */
  excuse = true;
  mostFlights = 0;
  readonly faults: string[] = [];

  constructor(outcomes: readonly Outcome[]) {
    this.#outcomes = outcomes;
  }

  get calls(): number {
    return this.#calls;
  }

  obtain = (): Promise<Credentials> => {
    const now = this.clock.monotonic();
    const outcome = this.#outcomes[this.#calls % this.#outcomes.length] ?? { kind: 'thrown' };
    this.#calls += 1;
    this.#flights += 1;
    this.mostFlights = Math.max(this.mostFlights, this.#flights);
    if (now < this.#notBefore && !this.#isReloading)
      this.faults.push(`called ${this.#notBefore - now} ms too early after a failure`);
    if (!this.excuse && now - this.#lastCall < 250) this.faults.push('called twice in a quarter of a second');
    this.excuse = false;
    this.#isReloading = false;
    this.#lastCall = now;
    if (outcome.kind === 'thrown') {
      this.#land(false);
      throw this.#remember(new TypeError('thrown'));
    }
    return this.#answer(outcome);
  };

  async #answer(outcome: Exclude<Outcome, { kind: 'thrown' }>): Promise<Credentials> {
    const name = `A${this.#calls}`;
    if (outcome.delay > 0) await new Promise<void>((resolve) => this.clock.after(outcome.delay, resolve));
    this.#land(outcome.kind === 'set');
    if (outcome.kind === 'failure') {
      const error = failure(outcome.code);
      if (failureKind(error) === 'secret') this.#notBefore = Number.POSITIVE_INFINITY;
      throw this.#remember(error);
    }
    const wall = this.clock.now().getTime();
    if (outcome.kind === 'broken') return { ...makeSet(name, new Date(wall + hour)), ...outcome.part };
    this.#ends.set(name, { wall: wall + outcome.lifetime, monotonic: this.clock.monotonic() + outcome.lifetime });
    return makeSet(name, new Date(wall + outcome.lifetime));
  }

  /** Half a second is the shortest pause that the rules allow. */
  #land(isGood: boolean): void {
    this.#flights -= 1;
    this.#notBefore = isGood ? Number.NEGATIVE_INFINITY : this.clock.monotonic() + 500;
  }

  #remember<T>(error: T): T {
    this.#thrown.add(error);
    return error;
  }

  reload(): void {
    this.excuse = true;
    this.#isReloading = true;
  }

  judgeSet(set: Credentials): void {
    const end = this.#ends.get(set.accessKeyId);
    const { secretAccessKey, sessionToken, expiration } = makeSet(set.accessKeyId, new Date(end?.wall ?? 0));
    if (end === undefined) this.faults.push(`${set.accessKeyId} was never given`);
    else if (this.clock.now().getTime() >= end.wall)
      this.faults.push(`${set.accessKeyId} has expired by the wall clock`);
    else if (this.clock.monotonic() >= end.monotonic)
      this.faults.push(`${set.accessKeyId} has expired by the monotonic clock`);
    if (set.secretAccessKey !== secretAccessKey || set.sessionToken !== sessionToken)
      this.faults.push('not the secrets that were given');
    if (set.expiration.getTime() !== expiration.getTime()) this.faults.push('not the expiration that was given');
  }

  judgeError(error: unknown): void {
    const isOfSource = this.#thrown.has(error);
    const isOfCheck = error instanceof RolesAnywhereError && error.code.startsWith('RESPONSE_');
    const isOfCaller = error instanceof DOMException && error.name === 'AbortError';
    if (!isOfSource && !isOfCheck && !isOfCaller) this.faults.push(`an error from nowhere: ${String(error)}`);
  }
}

/** Plays the steps; resolves once each caller has an answer, or to the number of those who never got one. */
async function play(world: World, refresher: Refresher, steps: readonly Step[]): Promise<number> {
  let waiting = 0;
  const judge = (answer: Promise<Credentials>): void => {
    waiting += 1;
    answer
      .then(
        (set) => world.judgeSet(set),
        (error: unknown) => world.judgeError(error),
      )
      .finally(() => (waiting -= 1));
  };
  for (const step of steps) {
    if (step.kind === 'get') {
      const controller = new AbortController();
      if (step.force) world.excuse = true;
      if (step.abortAfter !== undefined) world.clock.after(step.abortAfter, () => controller.abort());
      judge(refresher.get({ signal: controller.signal, forceRefresh: step.force }));
      await settled();
    } else if (step.kind === 'reload') {
      world.reload();
      refresher.reload().catch(() => undefined);
    } else if (step.kind === 'wait') await world.clock.advance(step.milliseconds);
    else if (step.kind === 'suspend') {
      world.excuse = true;
      await world.clock.suspend(step.milliseconds);
    } else if (step.kind === 'set-clock') {
      world.excuse = true;
      world.clock.setWallClock(step.milliseconds);
    } else refresher.keepFresh();
    const current = refresher.current();
    if (current !== undefined) world.judgeSet(current);
  }
  await world.clock.advance(10 * minute);
  const left = waiting;
  refresher.close();
  await world.clock.advance(10 * minute);
  return left + waiting;
}

it('never hands out what is expired or empty, flies once at a time, waits after failures and answers everybody', async () => {
  let sets = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { minLength: 1, maxLength: 12 }),
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (outcomes, steps, chance) => {
        const world = new World(outcomes);
        const refresher = createRefresher(world.obtain, {
          clock: world.clock,
          random: () => chance,
          onEvent: (event) => (sets += event.kind === 'renewed' ? 1 : 0),
        });

        const unanswered = await play(world, refresher, steps);

        expect(world.faults).toEqual([]);
        expect(world.mostFlights).toBeLessThanOrEqual(1);
        expect(unanswered).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
  // Else the property would hold of a refresher that gives nothing.
  expect(sets).toBeGreaterThan(300);
});
