import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { Throttle } from '../../src/sandbox/throttle.ts';
import { createSession, readSession, seen } from './hand-made-request.ts';
import { callSts } from './hand-made-sts.ts';

const start = Date.parse('2026-01-15T12:00:00Z');
let time = start;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ throttle: 2, now: () => new Date(time) });
});

afterAll(() => sandbox.close());

const ask = () => createSession(sandbox, { date: new Date(time) });

test('calls above the rate are told to wait', async () => {
  const statuses = [await ask(), await ask(), await ask()].map(({ status }) => status);
  expect(statuses).toEqual([201, 201, 429]);
  const reply = await ask();
  expect(seen(reply)).toEqual({ status: 429, code: 'ThrottlingException', message: 'Rate exceeded' });
  expect(reply.headers['retry-after']).toBe('1');
  expect(sandbox.refusals.at(-1)?.reason).toContain('the next is free in 0.500 s');

  time += 500;
  expect([(await ask()).status, (await ask()).status]).toEqual([201, 429]);
  time += 60_000;
  expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([201, 201, 429]);
});

test('STS is not throttled', async () => {
  time += 60_000;
  const { credentials } = readSession(await ask());
  for (let count = 0; count < 4; count += 1) {
    const reply = await callSts(
      sandbox.endpoint,
      credentials,
      { Action: 'GetCallerIdentity' },
      { date: new Date(time) },
    );
    expect(reply.status).toBe(200);
  }
});

test('less than one call a second', () => {
  const throttle = new Throttle(0.1);
  expect(throttle.take(new Date(0))).toBeUndefined();
  expect(throttle.take(new Date(0))).toEqual({ retryAfter: 10 });
  expect(throttle.take(new Date(9000))?.retryAfter).toBeCloseTo(1);
  expect(throttle.take(new Date(10_000))).toBeUndefined();
});

test('a clock that goes back does not fill the bucket', () => {
  const throttle = new Throttle(1);
  expect(throttle.take(new Date(10_000))).toBeUndefined();
  expect(throttle.take(new Date(0))).toEqual({ retryAfter: 1 });
});
