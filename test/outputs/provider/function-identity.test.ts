import { beforeEach, describe, expect, test } from 'vitest';
import { failureKind } from '../../../src/core/error-facts.ts';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { functionIdentity } from '../../../src/outputs/provider/function-identity.ts';
import { callFunctions, type KeyMaterials } from '../../../src/outputs/provider/key-material.ts';
import type { ReloadingIdentity, SigningIdentity } from '../../../src/identity/identity.ts';
import { fakeClock, type FakeClock, settled } from '../../support/fake-clock.ts';
import { rejectionOf } from '../../support/thrown.ts';

let pin: string;
let opened: string[];
let closed: string[];
let warnings: string[];
let now: Date;
let clock: FakeClock;

beforeEach(() => {
  pin = '1111';
  [opened, closed, warnings] = [[], [], []];
  now = new Date('2026-01-01T00:00:00Z');
  clock = fakeClock();
});

const notAfter = new Date('2026-02-01T00:00:00Z');
const identity = { certificate: { notAfter } } as SigningIdentity;

/** Opens with the PINs that begin with 1 or 2. */
function keep(keys: KeyMaterials): ReloadingIdentity {
  const given = String(keys.get('pkcs11-pin'));
  return {
    async use(action) {
      if (!opened.includes(given)) opened.push(given);
      if (!/^[12]/.test(given)) throw new RolesAnywhereError('PIN_WRONG', `the PIN is wrong`);
      return action(identity);
    },
    reload: () => opened.push('reload'),
    onChange: () => () => undefined,
    close: async () => void closed.push(given),
  };
}

const follow = () =>
  functionIdentity(() => Promise.resolve(new Map([['pkcs11-pin', pin]])), keep, {
    now: () => now,
    warn: (message) => warnings.push(message),
    clock,
  });
const use = (reloading: ReloadingIdentity) => reloading.use(() => Promise.resolve(pin));

test('what stays the same is opened once', async () => {
  const reloading = follow();
  await Promise.all([use(reloading), use(reloading)]);
  await use(reloading);
  expect(opened).toEqual(['1111']);
  expect(closed).toEqual([]);
});

test('what is new is opened, and the one before closed after that', async () => {
  const reloading = follow();
  await use(reloading);
  pin = '2222';
  expect(await use(reloading)).toBe('2222');
  expect(opened).toEqual(['1111', '2222']);
  expect(closed).toEqual(['1111']);
  await reloading.close();
  expect(closed).toEqual(['1111', '2222']);
});

test('a refused PIN is not sent again before the function gives another', async () => {
  const reloading = follow();
  await use(reloading);
  pin = '9999';
  for (let times = 0; times < 3; times += 1) await use(reloading);
  expect(opened.filter((given) => given === '9999')).toHaveLength(1);
  expect(closed).toEqual(['9999']);
  expect(warnings).toHaveLength(3);
  expect(warnings[0]).toBe(
    'the certificate and key that are given now cannot be used, those before are kept: the PIN is wrong',
  );
  pin = '2222';
  expect(await use(reloading)).toBe('2222');
});

test('reload tries a refused PIN once more', async () => {
  pin = '9999';
  const reloading = follow();
  expect(await rejectionOf(use(reloading))).toMatchObject({ code: 'PIN_WRONG' });
  expect(await rejectionOf(use(reloading))).toMatchObject({ code: 'PIN_WRONG' });
  expect(closed).toEqual(['9999']);
  reloading.reload();
  expect(await rejectionOf(use(reloading))).toMatchObject({ code: 'PIN_WRONG' });
  expect(closed).toEqual(['9999', '9999']);
});

test('an expired certificate is not kept', async () => {
  const reloading = follow();
  await use(reloading);
  pin = '9999';
  now = notAfter;
  expect(await rejectionOf(use(reloading))).toMatchObject({ code: 'PIN_WRONG' });
});

test('the failure of a use is its own', async () => {
  const reloading = follow();
  await expect(reloading.use(() => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
  expect(await use(reloading)).toBe('1111');
  expect(warnings).toEqual([]);
});

describe('a function that never gives anything', () => {
  const never = (): Promise<KeyMaterials> => new Promise(() => undefined);
  const given = (): Promise<KeyMaterials> => Promise.resolve(new Map([['pkcs11-pin', pin]]));
  let calls: (() => Promise<KeyMaterials>)[];
  const following = (): ReloadingIdentity =>
    functionIdentity(() => (calls.shift() ?? never)(), keep, {
      now: () => now,
      warn: (message) => warnings.push(message),
      clock,
    });

  test('is waited for four seconds where what it gave before still works', async () => {
    calls = [given];
    const reloading = following();
    await use(reloading);
    const waiting = use(reloading);
    await clock.advance(3999);
    expect(warnings).toEqual([]);
    await clock.advance(1);
    expect(await waiting).toBe('1111');
    expect(warnings).toEqual([
      'the certificate and key that are given now cannot be used, those before are kept: the functions that give them have given nothing for 4 s',
    ]);
  });

  test('is not called again while it runs, and what it gives late counts', async () => {
    let give: (materials: KeyMaterials) => void = () => undefined;
    calls = [given, () => new Promise((resolve) => (give = resolve)), given];
    const reloading = following();
    await use(reloading);
    const late = [use(reloading), use(reloading)];
    await clock.advance(8000);
    await Promise.all(late);
    const next = use(reloading);
    await settled();
    give(new Map([['pkcs11-pin', '2222']]));
    await next;
    expect(opened).toEqual(['1111', '2222']);
    expect(calls).toHaveLength(1);
  });

  test('does not keep close from ending, with or without something before', async () => {
    for (const first of [[], [given]]) {
      calls = [...first];
      const reloading = following();
      if (first.length > 0) await use(reloading);
      const waiting = use(reloading).catch((error: unknown) => error);
      await settled();
      await reloading.close();
      expect(await waiting).toMatchObject({ name: 'AbortError', message: 'the identity was closed' });
    }
    expect(warnings).toEqual([]);
  });
});

test('a function has failed, in a way that passes, after a minute', async () => {
  const certificate = (): Promise<never> => new Promise(() => undefined);
  const called = rejectionOf(callFunctions(new Map([['certificate', certificate]]), clock));
  await clock.advance(60_000);
  const error = await called;
  expect(error).toMatchObject({
    code: 'CERTIFICATE_UNREADABLE',
    message: '--certificate: the function that gives it failed: ETIMEDOUT',
  });
  expect(failureKind(error)).toBe('transient');
  expect(clock.untilNextTimer()).toBeUndefined();
});
