import * as fc from '../../support/fast-check.ts';
import { describe, expect, it } from 'vitest';
import { type Credentials } from '../../../src/core/credentials.ts';
import { RolesAnywhereError, type ErrorCode } from '../../../src/core/errors.ts';
import { failover, type FailoverEvent, type FailoverPlan } from '../../../src/pipeline/failover/failover.ts';
import { TargetHealth } from '../../../src/pipeline/failover/target-health.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { rejectionOf } from '../../support/thrown.ts';

const second = 1000;
const minute = 60 * second;

type Answer = 'serves' | ErrorCode | Error;

interface Stage {
  readonly targets: readonly Target[];
  readonly obtain: () => Promise<Credentials>;
  readonly clock: FakeClock;
  readonly events: FailoverEvent[];
  /** Names of the targets that were called, in order. */
  readonly calls: string[];
  /** What each target answers. */
  readonly answers: Record<string, Answer>;
}

interface Settings {
  readonly onRefusal?: boolean;
  readonly chance?: number;
}

function makeStage(answers: Record<string, Answer>, { onRefusal = false, chance = 0 }: Settings = {}): Stage {
  const clock = fakeClock();
  const events: FailoverEvent[] = [];
  const calls: string[] = [];
  const targets = Object.keys(answers).map((name) => ({
    name,
    obtain: async () => {
      calls.push(name);
      const answer = answers[name] ?? 'serves';
      if (answer instanceof Error) throw answer;
      if (answer !== 'serves')
        throw new RolesAnywhereError(answer, `${answer} of ${name}`, { hints: [`mend ${name}`] });
      return setOf(name, clock);
    },
  }));
  const obtain = repeated(
    { targets, failoverOnRefusal: onRefusal },
    { clock, chance, onFailover: (event) => events.push(event) },
  );
  return { obtain, clock, events, calls, answers, targets };
}

interface Target {
  readonly name: string;
  readonly obtain: () => Promise<Credentials>;
}

interface Surroundings {
  readonly clock: FakeClock;
  readonly chance?: number;
  readonly onFailover?: (event: FailoverEvent) => void;
}

/** As a process that lives on does it: what is known of the targets outlasts a call. */
function repeated(
  plan: FailoverPlan<Target>,
  { clock, chance = 0, onFailover }: Surroundings,
): () => Promise<Credentials> {
  const random = (): number => chance;
  const health = plan.targets.map(() => new TargetHealth({ monotonic: clock.monotonic, random }));
  return () => failover(plan, (one) => one.obtain(), { now: clock.now, random, onFailover }, { health });
}

function setOf(name: string, clock: FakeClock): Credentials {
  const expiration = new Date(clock.now().getTime() + 60 * minute);
  return { accessKeyId: name, secretAccessKey: 'secret', sessionToken: 'token', expiration };
}

describe('the next target', () => {
  it('is left alone while the first one serves', async () => {
    const { obtain, calls, events } = makeStage({ a: 'serves', b: 'serves' });
    expect(await obtain()).toMatchObject({ accessKeyId: 'a', target: 'a' });
    expect(calls).toEqual(['a']);
    expect(events).toMatchObject([{ kind: 'target-served', target: 'a', credentials: { target: 'a' } }]);
  });

  it.each([
    'NETWORK_UNREACHABLE',
    'NETWORK_TIMEOUT',
    'NETWORK_TLS',
    'NETWORK_PROXY',
    'SERVICE_THROTTLED',
    'SERVICE_UNAVAILABLE',
  ] as const)('serves after %s', async (code) => {
    const { obtain, events } = makeStage({ a: code, b: code, c: 'serves' });
    expect(await obtain()).toMatchObject({ accessKeyId: 'c', target: 'c' });
    expect(events).toMatchObject([
      { kind: 'target-failed', target: 'a', error: { code }, restsForMs: 30 * second },
      { kind: 'target-failed', target: 'b', error: { code }, restsForMs: 30 * second },
      { kind: 'target-served', target: 'c' },
    ]);
  });

  const refusals = ['REFUSED_ROLE', 'REFUSED_UNTRUSTED', 'REFUSED_ASSUME_ROLE', 'RESPONSE_INVALID'] as const;
  const unusable = ['CERTIFICATE_EXPIRED', 'KEY_MISMATCH', 'PKCS11_NO_TOKEN', 'PIN_WRONG', 'TPM_UNREACHABLE'] as const;

  it.each([...refusals, ...unusable])('does not serve after %s', async (code) => {
    const { obtain, calls, events } = makeStage({ a: code, b: 'serves' });
    expect((await rejectionOf(obtain())).message).toBe(`${code} of a`);
    expect((await rejectionOf(obtain())).code).toBe(code);
    expect(calls).toEqual(['a', 'a']);
    expect(events[0]).toMatchObject({ kind: 'target-failed', restsForMs: 0 });
  });

  it.each([...refusals, ...unusable])('serves after %s where that was asked for', async (code) => {
    const { obtain, calls } = makeStage({ a: code, b: 'serves' }, { onRefusal: true });
    expect((await obtain()).target).toBe('b');
    expect((await obtain()).target).toBe('b');
    expect(calls).toEqual(['a', 'b', 'b']);
  });

  it.each([
    ...(['OPTION_INVALID', 'ARN_MISMATCH', 'ENDPOINT_INVALID', 'CONFIG_INVALID', 'FILE_FAILED', 'INTERNAL'] as const),
    new TypeError('a defect'),
  ])('never serves after %s', async (answer) => {
    const { obtain, calls } = makeStage({ a: answer, b: 'serves' }, { onRefusal: true });
    await expect(obtain()).rejects.toBeInstanceOf(Error);
    expect(calls).toEqual(['a']);
  });
});

describe('a target that failed', () => {
  it('rests, is probed once, and is the first again when it serves', async () => {
    const { obtain, clock, calls, answers } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'serves' });
    await obtain();
    await clock.advance(30 * second - 1);
    expect((await obtain()).target).toBe('b');
    expect(calls).toEqual(['a', 'b', 'b']);

    answers['a'] = 'serves';
    await clock.advance(1);
    expect((await obtain()).target).toBe('a');
    expect((await obtain()).target).toBe('a');
    expect(calls).toEqual(['a', 'b', 'b', 'a', 'a']);
  });

  it('rests twice as long each time, up to ten minutes; a success makes the rest a first one again', async () => {
    const { obtain, clock, events, answers } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'serves' });
    for (let probe = 0; probe < 7; probe += 1) {
      await obtain();
      await clock.advance(10 * minute);
    }
    answers['a'] = 'serves';
    await obtain();
    answers['a'] = 'SERVICE_UNAVAILABLE';
    await obtain();
    const rests = events.flatMap((event) => (event.kind === 'target-failed' ? [event.restsForMs / second] : []));
    expect(rests).toEqual([30, 60, 120, 240, 480, 600, 600, 30]);
  });

  it('rests for half as long where chance will have it', async () => {
    const { obtain, events } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'serves' }, { chance: 1 });
    await obtain();
    expect(events[0]).toMatchObject({ restsForMs: 15 * second });
  });

  it.each<Answer>(['NETWORK_TIMEOUT', 'REFUSED_ROLE', 'OPTION_INVALID', new TypeError('a defect')])(
    'fails no caller by its probe, whatever it answers: %s',
    async (answer) => {
      const { obtain, clock, calls, answers } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'serves' });
      await obtain();
      answers['a'] = answer;
      await clock.advance(30 * second);
      expect((await obtain()).target).toBe('b');
      expect((await obtain()).target).toBe('b');
      expect(calls).toEqual(['a', 'b', 'a', 'b', 'b']);
    },
  );

  it('is probed by one caller at a time', async () => {
    const clock = fakeClock();
    const calls: string[] = [];
    let isDown = true;
    const targets = [
      {
        name: 'a',
        obtain: async () => {
          calls.push('a');
          if (isDown) throw new RolesAnywhereError('NETWORK_TIMEOUT', 'down');
          await new Promise<void>((resolve) => clock.after(second, resolve));
          return setOf('a', clock);
        },
      },
      { name: 'b', obtain: async () => (calls.push('b'), setOf('b', clock)) },
    ];
    const obtain = repeated({ targets, failoverOnRefusal: false }, { clock });
    await obtain();
    await clock.advance(minute);
    isDown = false;
    const probe = obtain();
    expect((await obtain()).target).toBe('b');
    await clock.advance(second);
    expect((await probe).target).toBe('a');
    expect(calls).toEqual(['a', 'b', 'a', 'b']);
  });
});

describe('a signal that aborts', () => {
  /** Target a has failed once, and is probed when the signal aborts; b serves. */
  async function probedUntil(reason: Error) {
    const { clock, events, calls, targets, answers } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'serves' });
    const health = targets.map(() => new TargetHealth({ monotonic: clock.monotonic, random: () => 0 }));
    const obtain = (signal?: AbortSignal): Promise<Credentials> => {
      const context = {
        now: clock.now,
        random: () => 0,
        onFailover: (event: FailoverEvent) => events.push(event),
        signal,
      };
      return failover({ targets, failoverOnRefusal: true }, (one) => one.obtain(), context, { health });
    };
    await obtain();
    await clock.advance(30 * second);
    [calls.length, events.length] = [0, 0];
    answers['a'] = reason;
    const controller = new AbortController();
    controller.abort(reason);
    await expect(obtain(controller.signal)).rejects.toBe(reason);
    return { obtain, calls, events, answers };
  }

  it('ends the search, and says nothing of the target', async () => {
    const { obtain, calls, events, answers } = await probedUntil(new DOMException('closed', 'AbortError'));
    expect(calls).toEqual(['a']);
    expect(events).toEqual([]);
    answers['a'] = 'serves';
    expect((await obtain()).target).toBe('a');
  });

  it('as it took too long lets the target rest, so that the next call begins with another', async () => {
    const { obtain, calls, events } = await probedUntil(new RolesAnywhereError('NETWORK_TIMEOUT', 'too long'));
    expect(calls).toEqual(['a']);
    expect(events).toMatchObject([{ kind: 'target-failed', target: 'a', restsForMs: minute }]);
    expect((await obtain()).target).toBe('b');
    expect(calls).toEqual(['a', 'b']);
  });
});

describe('when none serves', () => {
  it('all are tried, those that rest last, first the one whose rest ends first', async () => {
    const { obtain, clock, calls, answers } = makeStage({ a: 'serves', b: 'NETWORK_TIMEOUT', c: 'NETWORK_TIMEOUT' });
    answers['a'] = 'NETWORK_TIMEOUT';
    await rejectionOf(obtain());
    // Now a, b and c rest; c alone is found well, then a and b by turns.
    answers['c'] = 'serves';
    await clock.advance(30 * second);
    await obtain();
    expect(calls.splice(0)).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);

    answers['c'] = 'NETWORK_TIMEOUT';
    await clock.advance(second);
    await rejectionOf(obtain());
    expect(calls.splice(0)).toEqual(['c', 'a', 'b']);
    await rejectionOf(obtain());
    expect(calls.splice(0)).toEqual(['c', 'a', 'b']);
  });

  it('one that serves again is found before its rest is over', async () => {
    const { obtain, answers } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'NETWORK_TIMEOUT' });
    await rejectionOf(obtain());
    answers['b'] = 'serves';
    expect((await obtain()).target).toBe('b');
  });

  it('the error is the one that says most, with the others as hints and below it', async () => {
    const { obtain } = makeStage(
      { a: 'NETWORK_TIMEOUT', b: 'REFUSED_ROLE', c: 'SERVICE_THROTTLED' },
      { onRefusal: true },
    );
    const error = await rejectionOf(obtain());
    expect(error).toMatchObject({
      code: 'REFUSED_ROLE',
      message: 'b: REFUSED_ROLE of b',
      hints: [
        'mend b',
        'a did not serve either: NETWORK_TIMEOUT of a',
        'c did not serve either: SERVICE_THROTTLED of c',
      ],
    });
    expect(error.cause).toBeInstanceOf(AggregateError);
    expect((error.cause as AggregateError).errors).toMatchObject([
      { code: 'NETWORK_TIMEOUT' },
      { code: 'REFUSED_ROLE' },
      { code: 'SERVICE_THROTTLED' },
    ]);
  });

  it('a refusal that ends the search tells what was before it', async () => {
    const { obtain, calls } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'REFUSED_ROLE', c: 'serves' });
    expect(await rejectionOf(obtain())).toMatchObject({
      code: 'REFUSED_ROLE',
      hints: ['mend b', 'a did not serve either: NETWORK_TIMEOUT of a'],
    });
    expect(calls).toEqual(['a', 'b']);
  });

  it('a wrong PIN is no reason to give up what may soon be over', async () => {
    const { obtain } = makeStage({ a: 'PIN_WRONG', b: 'NETWORK_TIMEOUT' }, { onRefusal: true });
    expect((await rejectionOf(obtain())).code).toBe('NETWORK_TIMEOUT');
  });

  it('of equal errors the first target has the word', async () => {
    const { obtain } = makeStage({ a: 'NETWORK_TIMEOUT', b: 'SERVICE_UNAVAILABLE' });
    expect(await rejectionOf(obtain())).toMatchObject({ code: 'NETWORK_TIMEOUT', tryNextLink: true });
  });

  it('a target alone tells its own error', async () => {
    const { obtain } = makeStage({ a: 'NETWORK_TIMEOUT' });
    expect((await rejectionOf(obtain())).message).toBe('NETWORK_TIMEOUT of a');
  });
});

it('an observer that throws changes nothing', async () => {
  const clock = fakeClock();
  const targets = [
    { name: 'a', obtain: () => Promise.reject(new RolesAnywhereError('NETWORK_TIMEOUT', 'down')) },
    { name: 'b', obtain: async () => setOf('b', clock) },
  ];
  const onFailover = (): never => {
    throw new Error('observer');
  };
  const obtain = repeated({ targets, failoverOnRefusal: false }, { clock, onFailover });
  expect((await obtain()).target).toBe('b');
});

it('serves whenever a target does that was not refused, and leaves alone those that rest', async () => {
  const answer = fc.constantFrom<Answer>('serves', 'NETWORK_TIMEOUT', 'SERVICE_THROTTLED');
  const round = fc.record({ answers: fc.array(answer, { minLength: 3, maxLength: 3 }), wait: fc.nat(15 * minute) });
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 20 }), async (rounds) => {
      const names = ['a', 'b', 'c'];
      const { obtain, clock, events, calls, answers } = makeStage({ a: 'serves', b: 'serves', c: 'serves' });
      const restEnds = new Map<string, number>();
      for (const { answers: now, wait } of rounds) {
        names.forEach((name, at) => (answers[name] = now[at] ?? 'serves'));
        calls.length = 0;
        events.length = 0;
        const outcome = await obtain().catch((error: unknown) => error);
        const serving = names.filter((name) => answers[name] === 'serves');
        const isRight =
          serving.length === 0
            ? outcome instanceof RolesAnywhereError
            : serving.includes(String((outcome as Credentials).target));
        expect(isRight).toBe(true);
        const isResting = (name: string): boolean => clock.monotonic() < (restEnds.get(name) ?? 0);
        const well = names.filter((name) => !isResting(name));
        // No target that rests is called before all others have failed.
        expect(calls.slice(0, well.length)).toEqual(well.slice(0, calls.length));
        for (const event of events) {
          if (event.kind === 'target-failed') restEnds.set(event.target, clock.monotonic() + event.restsForMs);
          else restEnds.delete(event.target);
        }
        await clock.advance(wait);
      }
    }),
    { numRuns: 200 },
  );
});
