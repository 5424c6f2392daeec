import { describe, expect, it } from 'vitest';
import type { Credentials } from '../../../src/core/credentials.ts';
import { createRefresher } from '../../../src/pipeline/refresh/refresher.ts';
import { fakeClock, settled } from '../../support/fake-clock.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { failure, hour, makeSet, makeStage, minute, second } from './given.ts';

const unavailable = failure('SERVICE_UNAVAILABLE');

async function nameOf(set: Promise<Credentials>): Promise<string> {
  return (await set).accessKeyId;
}

describe('one flight', () => {
  it('serves any number of callers', async () => {
    const { refresher, calls, clock } = makeStage([{ delay: second }]);
    const sets = Promise.all(Array.from({ length: 10_000 }, () => refresher.get()));
    await clock.advance(second);

    expect(new Set((await sets).map((set) => set.accessKeyId))).toEqual(new Set(['A1']));
    expect(calls).toHaveLength(1);
  });

  it('goes on for the others when one gives up', async () => {
    const { refresher, calls, clock } = makeStage([{ delay: second }]);
    const reason = new Error('no time');
    const controller = new AbortController();
    const impatient = refresher.get({ signal: controller.signal });
    const patient = refresher.get();
    await clock.advance(100);
    controller.abort(reason);

    await expect(impatient).rejects.toBe(reason);
    await clock.advance(second);
    await expect(nameOf(patient)).resolves.toBe('A1');
    expect(calls).toHaveLength(1);
  });

  it('goes on for nobody, and what it brings is kept', async () => {
    const { refresher, clock } = makeStage([{ delay: second }]);
    const waiting = refresher.get({ signal: AbortSignal.abort() });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    const impatient = refresher.get({ signal: controller.signal });
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' });
    await clock.advance(second);

    expect(refresher.current()?.accessKeyId).toBe('A1');
  });

  it('is called off a few seconds after the last caller gave up, and the next one begins anew', async () => {
    const clock = fakeClock();
    const signals: AbortSignal[] = [];
    const obtain = (signal: AbortSignal): Promise<Credentials> => {
      signals.push(signal);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    };
    const events: string[] = [];
    const onEvent = ({ kind }: { kind: string }): unknown => events.push(kind);
    const refresher = createRefresher(obtain, { clock, random: () => 0, onEvent });
    const callers = [new AbortController(), new AbortController()];
    const waits = callers.map(({ signal }) => refresher.get({ signal }).catch(() => undefined));
    await clock.advance(second);
    callers[0]?.abort();
    await clock.advance(minute);
    expect(signals[0]?.aborted).toBe(false);
    callers[1]?.abort();
    await clock.advance(4999);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]?.aborted).toBe(true);
    await Promise.all(waits);

    void refresher.get().catch(() => undefined);
    await settled();
    expect(signals).toHaveLength(2);
    expect(events).toEqual([]);
    refresher.close();
    expect(signals[1]?.aborted).toBe(true);
  });

  it('that never ends fails at its limit, for whoever waits for it', async () => {
    const clock = fakeClock();
    const obtain = (): Promise<Credentials> => new Promise(() => undefined);
    const refresher = createRefresher(obtain, { clock, random: () => 0, limitMs: 6 * minute });
    const waits = [refresher.get(), refresher.reload()].map(rejectionOf);
    await clock.advance(12 * minute);
    for (const error of await Promise.all(waits)) {
      expect(error).toMatchObject({ code: 'NETWORK_TIMEOUT', message: 'there were no credentials within 360 s' });
    }
    expect(clock.untilNextTimer()).toBeUndefined();
  });

  it('begins for nobody whose signal was aborted before', async () => {
    const { refresher, calls } = makeStage();
    await expect(refresher.get({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    await settled();
    expect(calls).toEqual([]);
  });

  it('takes one signal for any number of callers without a word of a leak', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): unknown => warnings.push(warning.name);
    process.on('warning', listen);
    const { refresher } = makeStage();
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 100 }, () => refresher.get({ signal })));
    await settled();
    process.off('warning', listen);

    expect(warnings).toEqual([]);
  });

  it('fails all who wait with one error', async () => {
    const { refresher, calls } = makeStage([{ error: unavailable }]);
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => refresher.get()));

    expect(new Set(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason))).toEqual(
      new Set([unavailable]),
    );
    expect(calls).toHaveLength(1);
  });
});

describe('what is handed out', () => {
  it('is a copy: callers may write into it', async () => {
    const { refresher, calls } = makeStage();
    const set = await refresher.get();
    set.expiration.setTime(0);
    Object.assign(set, { secretAccessKey: '', $source: {} });

    const next = await refresher.get();
    expect(next.secretAccessKey).toBe('secret of A1');
    expect(next).not.toHaveProperty('$source');
    expect(next.expiration.getTime()).toBeGreaterThan(0);
    expect(calls).toHaveLength(1);
  });

  it('keeps the account and the target', async () => {
    const clock = fakeClock();
    const given = { ...makeSet('A', new Date(clock.now().getTime() + hour)), accountId: '111122223333', target: 'b' };
    const refresher = createRefresher(async () => given, { clock, random: () => 0 });

    expect(await refresher.get()).toEqual(given);
    expect(refresher.current()).toEqual(given);
  });

  it.each([
    ['no access key', { accessKeyId: '' }, 'RESPONSE_EMPTY', 'the credentials came without accessKeyId'],
    ['no secret', { secretAccessKey: undefined }, 'RESPONSE_EMPTY', 'the credentials came without secretAccessKey'],
    ['no token', { sessionToken: 7 }, 'RESPONSE_EMPTY', 'the credentials came without sessionToken'],
    [
      'no date',
      { expiration: '2027-01-01' },
      'RESPONSE_EMPTY',
      'the credentials came without the time at which they expire',
    ],
    [
      'a date that is none',
      { expiration: new Date(Number.NaN) },
      'RESPONSE_EMPTY',
      'the credentials came without the time at which they expire',
    ],
    [
      'a date in the past',
      { expiration: new Date(0) },
      'RESPONSE_EXPIRED',
      'the credentials came with an expiration of 1970-01-01T00:00:00.000Z, and it is 2026-01-15T12:00:00.000Z',
    ],
  ])('is never a set with %s', async (_, part, code, message) => {
    const clock = fakeClock();
    const given = { ...makeSet('A', new Date(clock.now().getTime() + hour)), ...part } as Credentials;
    const refresher = createRefresher(async () => given, { clock, random: () => 0 });

    expect(await rejectionOf(refresher.get())).toMatchObject({ code, message });
    expect(refresher.current()).toBeUndefined();
  });

  it('is never nothing', async () => {
    const refresher = createRefresher(async () => undefined as unknown as Credentials, {
      clock: fakeClock(),
      random: () => 0,
    });
    expect((await rejectionOf(refresher.get())).code).toBe('RESPONSE_EMPTY');
  });
});

describe('early renewal', () => {
  it.each([
    ['15 minutes', 15 * minute, 0, 5 * minute],
    ['15 minutes', 15 * minute, 0.999999, 7.5 * minute],
    ['an hour', hour, 0, 10 * minute],
    ['an hour', hour, 0.999999, 15 * minute],
    ['12 hours', 12 * hour, 0, 2 * hour],
    ['6 minutes', 6 * minute, 0, 3 * minute],
  ])('of a set that lives for %s', async (_, lifetime, chance, left) => {
    const { refresher, calls, clock } = makeStage([{ lifetime }], () => chance);
    await refresher.get();
    await clock.advance(lifetime - left - second);
    await refresher.get();
    await settled();
    expect(calls).toHaveLength(1);

    await clock.advance(2 * second);
    expect(await nameOf(refresher.get())).toBe('A1');
    await settled();
    expect(calls).toHaveLength(2);
    expect(await nameOf(refresher.get())).toBe('A2');
  });

  it('hands out what is held while it goes on', async () => {
    const { refresher, calls, clock } = makeStage([{}, { delay: 30 * second }]);
    await refresher.get();
    await clock.advance(51 * minute);

    expect(await Promise.all([nameOf(refresher.get()), nameOf(refresher.get())])).toEqual(['A1', 'A1']);
    await clock.advance(30 * second);
    expect(await nameOf(refresher.get())).toBe('A2');
    expect(calls).toHaveLength(2);
  });

  it('is waited for in the last minute, and what is held stands in when it fails', async () => {
    const { refresher, clock } = makeStage([{}, { delay: 5 * second, error: unavailable }, { delay: second }]);
    await refresher.get();
    await clock.advance(hour - 50 * second);

    const waiting = refresher.get();
    await clock.advance(5 * second);
    expect(await nameOf(waiting)).toBe('A1');
    await clock.advance(2 * second);
    const next = refresher.get();
    await clock.advance(second);
    expect(await nameOf(next)).toBe('A3');
  });

  it.each([
    ['an ordinary caller', { left: 50 * second, force: false, waits: 5 * second }],
    ['one with hardly a set left', { left: 1500, force: false, waits: 750 }],
    ['one that forces it', { left: 50 * minute, force: true, waits: 30 * second }],
    ['one that forces it near the end', { left: 10 * second, force: true, waits: 5 * second }],
  ])('that does not end is waited for no longer than what is there works: %s', async (_, { left, force, waits }) => {
    const { refresher, clock } = makeStage([{}, { delay: 3 * minute, error: unavailable }]);
    await refresher.get();
    await clock.advance(hour - left);

    let got: string | undefined;
    void nameOf(refresher.get({ forceRefresh: force })).then((name) => (got = name));
    await clock.advance(waits - 1);
    expect(got).toBeUndefined();
    await clock.advance(1);
    await settled();
    expect(got).toBe('A1');
  });

  it('comes at other times for each of a fleet', async () => {
    const chances = [0.1, 0.4, 0.6, 0.9];
    const dues = await Promise.all(
      chances.map(async (chance) => {
        const { refresher, clock, calls } = makeStage([{}], () => chance);
        refresher.keepFresh();
        await clock.advance(52 * minute);
        return calls.at(1);
      }),
    );
    expect(new Set(dues).size).toBe(chances.length);
  });
});

describe('after a failure', () => {
  it('the last good set is kept until it expires, and not a moment longer', async () => {
    const { refresher, clock } = makeStage([{}, { error: unavailable }]);
    await refresher.get();
    await clock.advance(hour - 1);
    expect(await nameOf(refresher.get())).toBe('A1');

    await clock.advance(1);
    expect(refresher.current()).toBeUndefined();
    expect(await rejectionOf(refresher.get())).toBe(unavailable);
  });

  it('nobody asks again before the pause is over, however many call', async () => {
    const { refresher, calls, clock } = makeStage([{ error: unavailable }], () => 0.9);
    for (let call = 0; call < 50; call += 1) {
      expect(await rejectionOf(refresher.get())).toBe(unavailable);
      await clock.advance(10);
    }
    expect(calls).toHaveLength(1);

    await clock.advance(400);
    await rejectionOf(refresher.get());
    expect(calls).toHaveLength(2);
  });

  it('the pause doubles up to a minute, anywhere below by chance, but half a second at least', async () => {
    const pausesOf = async (chance: number, count: number): Promise<readonly number[]> => {
      const { refresher, clock, events } = makeStage([{ error: unavailable }], () => chance);
      refresher.keepFresh();
      while (events.length < count) await clock.advance(second);
      return events.slice(0, count).map((event) => (event.kind === 'failed' ? event.retryInMs : -1));
    };
    expect(await pausesOf(0.5, 9)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(await pausesOf(0, 3)).toEqual([500, 500, 500]);
  });

  it('of a refusal the pause grows up to five minutes', async () => {
    const { refresher, clock, events } = makeStage([{ error: failure('REFUSED_ROLE') }], () => 1);
    refresher.keepFresh();
    await clock.advance(2 * hour);
    expect(events.at(-1)).toMatchObject({ kind: 'failed', retryInMs: 5 * minute, stillValid: false });
  });

  it('a success makes the next pause a first one again', async () => {
    const { refresher, clock, events } = makeStage(
      [{ error: unavailable }, { error: unavailable }, { lifetime: minute }, { error: unavailable }],
      () => 0.99,
    );
    refresher.keepFresh();
    await clock.advance(2 * minute);
    expect(events.slice(0, 4)).toMatchObject([
      { kind: 'failed', retryInMs: 990, stillValid: false },
      { kind: 'failed', retryInMs: 1980, stillValid: false },
      { kind: 'renewed', elapsedMs: 0 },
      { kind: 'failed', retryInMs: 990, stillValid: true },
    ]);
  });

  it.each(['OPTION_INVALID', 'CERTIFICATE_EXPIRED', 'REFUSED_ROLE', 'REFUSED_UNTRUSTED'] as const)(
    '%s is told at once when nothing is held',
    async (code) => {
      const { refresher, calls } = makeStage([{ error: failure(code) }, {}]);
      expect((await rejectionOf(refresher.get())).code).toBe(code);
      expect((await rejectionOf(refresher.get())).code).toBe(code);
      expect(calls).toHaveLength(1);
    },
  );

  it.each([
    'PIN_WRONG',
    'PIN_LOCKED',
    'PIN_MISSING',
    'PASSWORD_WRONG',
    'PASSWORD_MISSING',
    'TPM_PASSWORD_WRONG',
    'TPM_LOCKED_OUT',
  ] as const)('%s is never tried again before a reload', async (code) => {
    const { refresher, calls, clock, events } = makeStage([{ error: failure(code) }, {}]);
    refresher.keepFresh();
    await clock.advance(24 * hour);
    expect((await rejectionOf(refresher.get({ forceRefresh: true }))).code).toBe(code);
    expect(calls).toHaveLength(1);
    expect(events).toMatchObject([{ kind: 'failed', retryInMs: Number.POSITIVE_INFINITY }]);

    expect(await nameOf(refresher.reload())).toBe('A2');
    expect(await nameOf(refresher.get())).toBe('A2');
  });

  it('a wrong PIN in a renewal leaves what is held', async () => {
    const { refresher, calls, clock } = makeStage([{}, { error: failure('PIN_WRONG') }]);
    refresher.keepFresh();
    await clock.advance(55 * minute);
    expect(await nameOf(refresher.get())).toBe('A1');
    await clock.advance(5 * minute + 1);
    expect((await rejectionOf(refresher.get())).code).toBe('PIN_WRONG');
    expect(calls).toHaveLength(2);
  });

  it('errors of somebody else, and things that are no errors, come through', async () => {
    const { refresher, clock } = makeStage([{ error: new TypeError('x') }, { error: 'text' }], () => 0);
    await expect(refresher.get()).rejects.toBeInstanceOf(TypeError);
    await clock.advance(500);
    await expect(refresher.get()).rejects.toBe('text');
  });

  it('a source that throws before it promises anything is a failure like any other', async () => {
    const refresher = createRefresher(
      () => {
        throw unavailable;
      },
      { clock: fakeClock(), random: () => 0 },
    );
    expect(await rejectionOf(refresher.get())).toBe(unavailable);
    expect(await rejectionOf(refresher.get())).toBe(unavailable);
  });
});

describe('forceRefresh', () => {
  it('renews what works for long', async () => {
    const { refresher } = makeStage();
    await refresher.get();
    expect(await nameOf(refresher.get({ forceRefresh: true }))).toBe('A2');
    expect(await nameOf(refresher.get())).toBe('A2');
  });

  it('renews once a second at the most', async () => {
    const { refresher, calls, clock } = makeStage();
    await refresher.get();
    for (let call = 0; call < 100; call += 1) await refresher.get({ forceRefresh: true });
    expect(calls).toHaveLength(2);
    await clock.advance(second);
    expect(await nameOf(refresher.get({ forceRefresh: true }))).toBe('A3');
  });

  it('gives what is held when the renewal fails, and in the pause after that', async () => {
    const { refresher, calls, clock } = makeStage([{}, { error: unavailable }], () => 1);
    await refresher.get();
    expect(await nameOf(refresher.get({ forceRefresh: true }))).toBe('A1');
    expect(await nameOf(refresher.get({ forceRefresh: true }))).toBe('A1');
    await clock.advance(999);
    expect(await nameOf(refresher.get({ forceRefresh: true }))).toBe('A1');
    expect(calls).toHaveLength(2);
  });

  it('can be given up', async () => {
    const { refresher, clock } = makeStage([{}, { delay: second }]);
    await refresher.get();
    const controller = new AbortController();
    const waiting = refresher.get({ forceRefresh: true, signal: controller.signal });
    await clock.advance(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('clocks', () => {
  it('a machine that slept past the end holds nothing any more', async () => {
    const { refresher, clock, events } = makeStage();
    await refresher.get();
    await clock.suspend(2 * hour);

    expect(refresher.current()).toBeUndefined();
    expect(await nameOf(refresher.get())).toBe('A2');
    expect(events).toContainEqual({ kind: 'clock', jumpedMs: 2 * hour });
  });

  it('a wall clock that was set back does not make a set live longer', async () => {
    const { refresher, clock, events } = makeStage();
    await refresher.get();
    clock.setWallClock(-10 * hour);
    await clock.advance(hour - 1);
    expect(refresher.current()?.accessKeyId).toBe('A1');

    await clock.advance(1);
    expect(refresher.current()).toBeUndefined();
    expect(await nameOf(refresher.get())).toBe('A2');
    expect(events).toContainEqual({ kind: 'clock', jumpedMs: -10 * hour });
  });

  it('a wall clock that was set forward by mistake and back again changes nothing', async () => {
    const { refresher, clock, calls } = makeStage();
    await refresher.get();
    clock.setWallClock(5 * hour);
    expect(refresher.current()).toBeUndefined();
    clock.setWallClock(-5 * hour);
    expect(await nameOf(refresher.get())).toBe('A1');
    expect(calls).toHaveLength(1);
  });

  it('that are slewed are no news', async () => {
    const { refresher, clock, events } = makeStage([{ lifetime: 12 * hour }]);
    refresher.keepFresh();
    for (let round = 0; round < 100; round += 1) {
      await clock.advance(minute);
      clock.setWallClock(30);
    }
    expect(events.map(({ kind }) => kind)).toEqual(['renewed']);
  });
});

describe('keepFresh', () => {
  it('obtains and renews without anybody calling', async () => {
    const { refresher, clock, calls } = makeStage();
    refresher.keepFresh();
    const start = clock.monotonic();
    await clock.advance(3 * hour);

    expect(calls.map((at) => Math.round((at - start) / minute))).toEqual([0, 50, 100, 150]);
    expect(refresher.current()?.accessKeyId).toBe('A4');
  });

  it('sleeps for a minute at the most, and sees within that that the machine slept', async () => {
    const { refresher, clock, calls } = makeStage();
    refresher.keepFresh();
    await clock.advance(5 * minute + 1);
    expect(clock.untilNextTimer()).toBeLessThanOrEqual(minute);

    await clock.suspend(50 * minute);
    await clock.advance(minute);
    expect(calls).toHaveLength(2);
  });

  it('goes on after failures, with their pauses', async () => {
    const { refresher, clock, calls } = makeStage([{}, { error: unavailable }], () => 0.9);
    refresher.keepFresh();
    await clock.advance(3 * hour);
    expect(refresher.current()).toBeUndefined();
    expect(calls.length).toBeGreaterThan(50);
    expect(calls.length).toBeLessThan(200);
  });

  it('does not hurry when it was told so twice', async () => {
    const { refresher, clock, calls } = makeStage();
    refresher.keepFresh();
    refresher.keepFresh();
    await clock.advance(minute);
    expect(calls).toHaveLength(1);
  });
});

describe('reload', () => {
  it('renews at once, whatever is held', async () => {
    const { refresher, calls } = makeStage();
    await refresher.get();
    expect(await nameOf(refresher.reload())).toBe('A2');
    expect(await nameOf(refresher.reload())).toBe('A3');
    expect(calls).toHaveLength(3);
  });

  it('lets a flight land that began before, and does not take its set for the new one', async () => {
    const { refresher, clock } = makeStage([{ delay: second }]);
    const first = refresher.get();
    await clock.advance(500);
    const reloads = [refresher.reload(), refresher.reload()];
    await clock.advance(5 * second);

    expect(await nameOf(first)).toBe('A1');
    expect(await Promise.all(reloads.map(nameOf))).toEqual(['A2', 'A2']);
  });

  it('goes on after a flight that failed', async () => {
    const { refresher, clock } = makeStage([{ delay: second, error: unavailable }, {}], () => 1);
    const first = refresher.get().catch((error: unknown) => error);
    await clock.advance(500);
    const reload = refresher.reload();
    await clock.advance(second);
    expect(await first).toBe(unavailable);
    expect(await nameOf(reload)).toBe('A2');
  });

  it('says when it fails, and leaves what is held', async () => {
    const { refresher } = makeStage([{}, { error: unavailable }]);
    await refresher.get();
    expect(await rejectionOf(refresher.reload())).toBe(unavailable);
    expect(await nameOf(refresher.get())).toBe('A1');
  });
});

describe('close', () => {
  it('ends timers and waits, and what comes in late comes to nothing', async () => {
    const { refresher, clock, events } = makeStage([{ delay: second }]);
    refresher.keepFresh();
    await clock.advance(100);
    const waiting = refresher.get();
    refresher.close();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', message: 'the credentials were closed' });

    await clock.advance(hour);
    expect(events).toEqual([]);
    expect(refresher.current()).toBeUndefined();
    expect(clock.untilNextTimer()).toBeUndefined();
    await expect(refresher.get()).rejects.toMatchObject({ name: 'AbortError' });
    await expect(refresher.reload()).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends a reload that waits for the flight before', async () => {
    const { refresher, clock, calls } = makeStage([{ delay: second }]);
    const first = refresher.get().catch(() => undefined);
    await clock.advance(1);
    const reload = refresher.reload();
    refresher.close();
    await expect(reload).rejects.toMatchObject({ name: 'AbortError' });
    await clock.advance(minute);
    await first;
    expect(calls).toHaveLength(1);
  });

  it('keepFresh afterwards begins nothing', async () => {
    const { refresher, clock, calls } = makeStage();
    refresher.close();
    refresher.keepFresh();
    await clock.advance(hour);
    expect(calls).toEqual([]);
  });
});

it('an observer that throws changes nothing', async () => {
  const clock = fakeClock();
  const refresher = createRefresher(async () => makeSet('A', new Date(clock.now().getTime() + hour)), {
    clock,
    random: () => 0,
    onEvent: () => {
      throw new Error('observer');
    },
  });
  expect(await nameOf(refresher.get())).toBe('A');
});
