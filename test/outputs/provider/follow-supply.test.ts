import { beforeEach, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { followSupply } from '../../../src/outputs/provider/follow-supply.ts';
import type { SuppliedKeys } from '../../../src/outputs/provider/supplied-keys.ts';
import type { KeptIdentity, SigningIdentity } from '../../../src/identity/identity.ts';
import { rejectionOf } from '../../support/thrown.ts';

let pin: string;
let opened: string[];
let closed: string[];
let warnings: string[];
let now: Date;

beforeEach(() => {
  pin = '1111';
  [opened, closed, warnings] = [[], [], []];
  now = new Date('2026-01-01T00:00:00Z');
});

const notAfter = new Date('2026-02-01T00:00:00Z');
const identity = { certificate: { notAfter } } as SigningIdentity;

/** Opens with the PINs that begin with 1 or 2. */
function keep(keys: SuppliedKeys): KeptIdentity {
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
  followSupply(() => Promise.resolve(new Map([['pkcs11-pin', pin]])), keep, {
    now: () => now,
    warn: (message) => warnings.push(message),
  });
const use = (kept: KeptIdentity) => kept.use(() => Promise.resolve(pin));

test('what stays the same is opened once', async () => {
  const kept = follow();
  await Promise.all([use(kept), use(kept)]);
  await use(kept);
  expect(opened).toEqual(['1111']);
  expect(closed).toEqual([]);
});

test('what is new is opened, and the one before closed after that', async () => {
  const kept = follow();
  await use(kept);
  pin = '2222';
  expect(await use(kept)).toBe('2222');
  expect(opened).toEqual(['1111', '2222']);
  expect(closed).toEqual(['1111']);
  await kept.close();
  expect(closed).toEqual(['1111', '2222']);
});

test('a refused PIN is not sent again before the function gives another', async () => {
  const kept = follow();
  await use(kept);
  pin = '9999';
  for (let times = 0; times < 3; times += 1) await use(kept);
  expect(opened.filter((given) => given === '9999')).toHaveLength(1);
  expect(closed).toEqual(['9999']);
  expect(warnings).toHaveLength(3);
  expect(warnings[0]).toBe(
    'the certificate and key that are given now cannot be used, those before are kept: the PIN is wrong',
  );
  pin = '2222';
  expect(await use(kept)).toBe('2222');
});

test('reload tries a refused PIN once more', async () => {
  pin = '9999';
  const kept = follow();
  expect(await rejectionOf(use(kept))).toMatchObject({ code: 'PIN_WRONG' });
  expect(await rejectionOf(use(kept))).toMatchObject({ code: 'PIN_WRONG' });
  expect(closed).toEqual(['9999']);
  kept.reload();
  expect(await rejectionOf(use(kept))).toMatchObject({ code: 'PIN_WRONG' });
  expect(closed).toEqual(['9999', '9999']);
});

test('an expired certificate is not kept', async () => {
  const kept = follow();
  await use(kept);
  pin = '9999';
  now = notAfter;
  expect(await rejectionOf(use(kept))).toMatchObject({ code: 'PIN_WRONG' });
});

test('the failure of a use is its own', async () => {
  const kept = follow();
  await expect(kept.use(() => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
  expect(await use(kept)).toBe('1111');
  expect(warnings).toEqual([]);
});
