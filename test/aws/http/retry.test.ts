import * as fc from '../../support/fast-check.ts';
import { describe, expect, it } from 'vitest';

import { RolesAnywhereError, type ErrorCode } from '../../../src/core/errors.ts';
import { isTransient, retry, type Outcome } from '../../../src/aws/http/retry.ts';
import { rejectionOf } from '../../support/thrown.ts';

function transient(code: ErrorCode = 'SERVICE_UNAVAILABLE', retryAfter?: number): Outcome<never> {
  return {
    kind: 'transient',
    error: new RolesAnywhereError(code, 'not now', { hints: ['wait'], requestId: 'id' }),
    retryAfter,
  };
}

/** Plays the outcomes in order, the last one for ever, and writes down the waits. */
function play(outcomes: readonly Outcome<string>[], random: () => number = () => 0.5) {
  const waits: number[] = [];
  const attempts: number[] = [];
  const run = (limit: number): Promise<string> =>
    retry(
      limit,
      async (attempt) => {
        attempts.push(attempt);
        return outcomes[Math.min(attempt, outcomes.length) - 1] ?? transient();
      },
      { random, sleep: async (milliseconds) => void waits.push(milliseconds) },
    );
  return { run, waits, attempts };
}

describe('retry', () => {
  it('stops at the first success', async () => {
    const { run, attempts, waits } = play([transient(), { kind: 'done', value: 'yes' }]);

    await expect(run(5)).resolves.toBe('yes');
    expect(attempts).toEqual([1, 2]);
    expect(waits).toEqual([50]);
  });

  it('waits twice as long each time, anywhere below that, and longer when throttled', async () => {
    const unavailable = play([transient()]);
    const throttled = play([transient('SERVICE_THROTTLED')]);
    const never = play([transient()], () => 0);

    await rejectionOf(unavailable.run(10));
    await rejectionOf(throttled.run(8));
    await rejectionOf(never.run(3));

    expect(unavailable.waits).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000]);
    expect(throttled.waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000]);
    expect(never.waits).toEqual([0, 0]);
  });

  it('waits as long as the service asks, up to the cap', async () => {
    const { run, waits } = play([
      transient('SERVICE_THROTTLED', 3000),
      transient('SERVICE_UNAVAILABLE', 3_600_000),
      transient('SERVICE_UNAVAILABLE', 1),
    ]);

    await rejectionOf(run(4));

    expect(waits).toEqual([3000, 20_000, 200]);
  });

  it('throws the last error with the number of attempts, and all that it held', async () => {
    expect(await rejectionOf(play([transient()]).run(3))).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: 'not now, at the last of 3 attempts',
      hints: ['wait'],
      requestId: 'id',
    });
  });

  it('leaves the error of a single attempt as it is', async () => {
    const { run, waits } = play([transient()]);

    expect(await rejectionOf(run(1))).toMatchObject({ message: 'not now' });
    expect(waits).toEqual([]);
  });

  it('lets through what an attempt throws', async () => {
    const thrown = retry(
      3,
      async () => {
        throw new RolesAnywhereError('REFUSED_ROLE', 'no');
      },
      { random: () => 0, sleep: async () => undefined },
    );

    expect(await rejectionOf(thrown)).toMatchObject({ code: 'REFUSED_ROLE', message: 'no' });
  });

  it('never waits longer than the cap or shorter than asked, nor tries more often than told', async () => {
    const outcome = fc
      .record({
        code: fc.constantFrom<ErrorCode>('SERVICE_THROTTLED', 'NETWORK_TIMEOUT'),
        retryAfter: fc.option(fc.nat(100_000), { nil: undefined }),
      })
      .map(({ code, retryAfter }) => transient(code, retryAfter));
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { minLength: 1, maxLength: 40 }),
        chance,
        fc.integer({ min: 1, max: 60 }),
        async (outcomes, random, limit) => {
          const { run, waits, attempts } = play(outcomes, () => random);

          await rejectionOf(run(limit));

          expect(attempts).toHaveLength(limit);
          expect(waits).toHaveLength(limit - 1);
          for (const [index, wait] of waits.entries()) {
            const last = outcomes[Math.min(index, outcomes.length - 1)];
            const asked = last?.kind === 'transient' ? (last.retryAfter ?? 0) : 0;
            expect(wait).toBeGreaterThanOrEqual(Math.min(asked, 20_000));
            expect(wait).toBeLessThanOrEqual(Math.min(20_000, Math.max(asked, 500 * 2 ** index)));
          }
        },
      ),
    );
  });
});

describe('isTransient', () => {
  it.each(['NETWORK_UNREACHABLE', 'NETWORK_TIMEOUT', 'SERVICE_THROTTLED', 'SERVICE_UNAVAILABLE'] as const)(
    '%s',
    (code) => {
      expect(isTransient(new RolesAnywhereError(code, 'x'))).toBe(true);
    },
  );

  it.each([
    'NETWORK_TLS',
    'NETWORK_PROXY',
    'REFUSED_SIGNATURE',
    'RESPONSE_INVALID',
    'RESPONSE_TOO_LARGE',
    'INTERNAL',
  ] as const)('not %s', (code) => {
    expect(isTransient(new RolesAnywhereError(code, 'x'))).toBe(false);
  });

  it('not an error of somebody else', () => {
    expect(isTransient(new Error('x'))).toBe(false);
  });
});

describe('a number of attempts that is none', () => {
  it.each([Number.NaN, 0, -1])('%s ends after the first', async (limit) => {
    const { run, attempts } = play([transient()]);
    expect((await rejectionOf(run(limit))).code).toBe('SERVICE_UNAVAILABLE');
    expect(attempts).toEqual([1]);
  });
});
