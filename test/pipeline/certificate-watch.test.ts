import { beforeEach, expect, test } from 'vitest';
import { CertificateWatch } from '../../src/pipeline/certificate-watch.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';

const day = 86_400_000;
let clock: FakeClock;
let told: string[];
let watch: CertificateWatch;

beforeEach(() => {
  clock = fakeClock();
  told = [];
  watch = new CertificateWatch(clock, (event) => {
    if (event.kind === 'certificate') told.push(event.message.replace(/, at .*| at .*/, ''));
  });
});

/** A certificate of so many days, of which so many are left. */
const leafOf = (serialNumber: bigint, life: number, left: number) => ({
  serialNumber,
  notBefore: new Date(clock.now().getTime() - (life - left) * day),
  notAfter: new Date(clock.now().getTime() + left * day),
});

test('one of a year is told of at 30, 7 and 1 days and when it is over, also where nothing is renewed', async () => {
  watch.use(leafOf(1n, 365, 40));
  expect(told).toEqual([]);
  for (let days = 0; days < 45; days += 1) await clock.advance(day);
  expect(told).toEqual([
    'the certificate with serial number 1 expires in 30 days',
    'the certificate with serial number 1 expires in 7 days',
    'the certificate with serial number 1 expires in 24 hours',
    'the certificate with serial number 1 expired',
  ]);
  expect(clock.untilNextTimer()).toBeUndefined();
});

test('one of a day is told of when a third of it is left', async () => {
  watch.use(leafOf(2n, 1, 1));
  await clock.advance(day / 2);
  expect(told).toEqual([]);
  await clock.advance(day / 4);
  expect(told).toEqual(['the certificate with serial number 2 expires in 8 hours']);
});

test('renewals in between tell nobody again', async () => {
  const leaf = leafOf(3n, 365, 5);
  for (let hour = 0; hour < 48; hour += 1) {
    watch.use(leaf);
    await clock.advance(day / 24);
  }
  expect(told).toEqual(['the certificate with serial number 3 expires in 5 days']);
});

test('one that was replaced is told of no more, and one that comes back is not told of twice', async () => {
  const [old, other] = [leafOf(4n, 365, 20), leafOf(5n, 365, 300)];
  watch.use(old);
  watch.use(other);
  await clock.advance(19.5 * day);
  expect(told).toEqual(['the certificate with serial number 4 expires in 20 days']);
  for (const leaf of [old, other, old, other]) watch.use(leaf);
  expect(told.slice(1)).toEqual(['the certificate with serial number 4 expires in 12 hours']);
});

test('a machine that slept tells of the last threshold alone', async () => {
  const leaf = leafOf(6n, 365, 40);
  watch.use(leaf);
  await clock.suspend(38 * day);
  watch.use(leaf);
  expect(told).toEqual(['the certificate with serial number 6 expires in 2 days']);
});

test('nobody is told once it is closed, and an observer that throws is no failure', async () => {
  watch.use(leafOf(7n, 365, 31));
  watch.close();
  await clock.advance(60 * day);
  watch.use(leafOf(8n, 365, 1));
  expect(told).toEqual([]);
  expect(clock.untilNextTimer()).toBeUndefined();
  const throwing = new CertificateWatch(clock, () => {
    throw new Error('its own');
  });
  expect(() => throwing.use(leafOf(9n, 365, 1))).not.toThrow();
});
