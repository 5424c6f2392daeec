import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { thrownBy } from '../support/thrown.ts';
import { createSession, readSession, seen } from './hand-made-request.ts';
import { callSts, element } from './hand-made-sts.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});

// Every fault is used up: the next request is looked at again.
afterEach(async () => {
  readSession(await createSession(sandbox));
});

afterAll(() => sandbox.close());

describe('a fault', () => {
  test('answers with a status, as often as told', async () => {
    sandbox.failNext({ status: 503, times: 2 });
    const told = { status: 503, code: 'ServiceUnavailableException', message: 'Service unavailable' };
    expect(seen(await createSession(sandbox))).toEqual(told);
    expect(seen(await createSession(sandbox))).toEqual(told);
    expect(sandbox.refusals.at(-1)).toMatchObject({ status: 503, reason: 'told to answer with status 503' });
  });

  test.each([
    [400, 'ValidationException'],
    [403, 'AccessDeniedException'],
    [404, 'ResourceNotFoundException'],
    [429, 'ThrottlingException'],
    [500, 'InternalFailure'],
  ])('with status %i has the code %s', async (status, code) => {
    sandbox.failNext({ status });
    expect(seen(await createSession(sandbox))).toMatchObject({ status, code });
  });

  test('answers with a code, a message, headers and a body of its own', async () => {
    sandbox.failNext({ status: 429, code: 'TooFast', message: 'slow down', headers: { 'retry-after': '7' } });
    const reply = await createSession(sandbox);
    expect(seen(reply)).toEqual({ status: 429, code: 'TooFast', message: 'slow down' });
    expect(reply.headers['retry-after']).toBe('7');
    sandbox.failNext({ status: 201, body: '{"credentialSet":[]}' });
    expect(await createSession(sandbox)).toMatchObject({ status: 201, text: '{"credentialSet":[]}' });
  });

  test('drops the connection at once', async () => {
    sandbox.failNext({ drop: 'at-once' });
    await expect(createSession(sandbox)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(sandbox.refusals.at(-1)).toMatchObject({ status: undefined, reason: 'told to drop the connection' });
  });

  test('drops the connection inside the body, of an error too', async () => {
    sandbox.failNext({ drop: 'in-body' });
    await expect(createSession(sandbox)).rejects.toMatchObject({ code: 'ECONNRESET' });
    sandbox.failNext({ status: 500, drop: 'in-body' });
    await expect(createSession(sandbox)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(sandbox.refusals.at(-1)).toMatchObject({ accepted: false, status: undefined });
  });

  test('delays an answer, which is good all the same', async () => {
    sandbox.failNext({ delay: 150 });
    const start = performance.now();
    expect((await createSession(sandbox)).status).toBe(201);
    expect(performance.now() - start).toBeGreaterThanOrEqual(149);
  });

  test('looks at a clock that is wrong', async () => {
    sandbox.failNext({ clock: 1000 });
    const reply = await createSession(sandbox);
    expect(seen(reply)).toEqual({ status: 403, code: 'AccessDeniedException', message: 'Invalid signature' });
    // The Date header gives the clock away, as the service's does.
    expect(Math.round((Date.parse(String(reply.headers['date'])) - Date.now()) / 1000)).toBeGreaterThan(990);
    expect(sandbox.refusals.at(-1)?.reason).toMatch(/^X-Amz-Date is \d+ s behind the clock of the service; 900 s/);
  });

  test('waits for its operation', async () => {
    sandbox.failNext({ status: 403, operation: 'GetCallerIdentity' });
    const { credentials } = readSession(await createSession(sandbox));
    const reply = await callSts(sandbox.endpoint, credentials, { Action: 'GetCallerIdentity' });
    expect([reply.status, element(reply, 'Code'), element(reply, 'Type')]).toEqual([
      403,
      'AccessDeniedException',
      'Sender',
    ]);
  });

  test('stands in line', async () => {
    sandbox.failNext({ status: 500 });
    sandbox.failNext({ status: 502 });
    expect([(await createSession(sandbox)).status, (await createSession(sandbox)).status]).toEqual([500, 502]);
  });
});

test('a clock that stays wrong', async () => {
  sandbox.setClockOffset(-3600);
  expect(seen(await createSession(sandbox)).message).toBe('Invalid signature');
  expect(sandbox.refusals.at(-1)?.reason).toContain('ahead of the clock');
  sandbox.setClockOffset(0);
});

test('the end of the sandbox does not wait for a delay', async () => {
  const other = await startSandbox();
  other.failNext({ delay: 600_000 });
  const reply = createSession(other).then(
    () => 'answered',
    () => 'dropped',
  );
  // The request has to have come before the end.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await other.close();
  expect(await reply).toBe('dropped');
});

describe('as the command line gives it', () => {
  test.each([
    ['status=503,times=2', { status: 503, times: 2 }],
    ['delay=2000', { delay: 2000 }],
    ['drop', { drop: 'at-once' }],
    ['drop=in-body, times=3', { drop: 'in-body', times: 3 }],
    ['clock=-900', { clock: -900 }],
    ['operation=AssumeRole,status=403', { operation: 'AssumeRole', status: 403 }],
  ])('%s', (text, fault) => {
    expect(parseFault(text, '--fail')).toEqual(fault);
  });

  test.each([
    '',
    'status',
    'status=abc',
    'status=99',
    'status=100',
    'delay=-1',
    'drop=never',
    'times=2',
    'times=0,drop',
    'constructor',
  ])('"%s" is not one', (text) => {
    const error = thrownBy(() => parseFault(text, '--fail'));
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toMatch(/^--fail does not take "/);
  });
});
