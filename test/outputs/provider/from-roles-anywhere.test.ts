import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromRolesAnywhere, providerIn } from '../../../src/outputs/provider/from-roles-anywhere.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { initFor, sessionsOf, surroundings, type TestSurroundings } from './surroundings.ts';

let sandbox: Sandbox;
let around: TestSurroundings;

beforeEach(async () => {
  around = surroundings();
  sandbox = await startSandbox({ now: () => around.clock.now() });
});

afterEach(() => sandbox.close());

const minute = 60_000;

test('gives credentials with expiration and account', async () => {
  const credentials = await fromRolesAnywhere({ ...initFor(sandbox), durationSeconds: 900 })();
  expect(credentials).toMatchObject({
    accessKeyId: expect.stringMatching(/^ASIA/) as string,
    secretAccessKey: expect.any(String) as string,
    sessionToken: expect.any(String) as string,
    accountId: sandbox.accountId,
  });
  const minutes = (credentials.expiration.getTime() - Date.now()) / minute;
  expect(minutes).toBeGreaterThan(13);
  expect(minutes).toBeLessThanOrEqual(15);
});

test('asks for nothing, and judges nothing, before it is called', async () => {
  const provider = providerIn(around, { ...initFor(sandbox), roleArn: 'no role' });
  expect(sandbox.requests).toEqual([]);
  expect(await rejectionOf(provider())).toMatchObject({ code: 'ARN_INVALID' });
  expect(sandbox.requests).toEqual([]);
});

test('10 000 calls at once make one session', async () => {
  const provider = providerIn(around, initFor(sandbox));
  const sets = await Promise.all(Array.from({ length: 10_000 }, () => provider()));
  expect(new Set(sets.map(({ accessKeyId }) => accessKeyId)).size).toBe(1);
  expect(sandbox.requests).toHaveLength(1);
});

test('what one caller does to its credentials, no other sees', async () => {
  const provider = providerIn(around, initFor(sandbox));
  const first: { accessKeyId: string; expiration: Date } = await provider();
  first.accessKeyId = 'changed';
  first.expiration.setTime(0);
  expect((await provider()).accessKeyId).toMatch(/^ASIA/);
});

test('keeps what it has, renews it in time, and never hands out what has expired', async () => {
  const provider = providerIn(around, { ...initFor(sandbox), durationSeconds: 900 });
  const first = await provider();
  around.advance(5 * minute);
  expect((await provider()).accessKeyId).toBe(first.accessKeyId);
  expect(sessionsOf(sandbox)).toBe(1);

  around.advance(9.5 * minute);
  const second = await provider();
  expect(second.accessKeyId).not.toBe(first.accessKeyId);
  expect(sessionsOf(sandbox)).toBe(2);

  around.advance(60 * minute);
  const third = await provider();
  expect(third.expiration.getTime()).toBeGreaterThan(around.clock.now().getTime());
  expect(sessionsOf(sandbox)).toBe(3);
});

test('forceRefresh asks anew', async () => {
  const provider = providerIn(around, initFor(sandbox));
  const first = await provider();
  const second = await provider({ forceRefresh: true });
  expect(second.accessKeyId).not.toBe(first.accessKeyId);
  expect((await provider()).accessKeyId).toBe(second.accessKeyId);
});

test('a caller that gives up does not take the credentials from the others', async () => {
  sandbox.failNext({ delay: 200 });
  const provider = providerIn(around, initFor(sandbox));
  const patient = provider();
  const leaving = new AbortController();
  const impatient = provider({ abortSignal: leaving.signal });
  const reason = new Error('no time');
  leaving.abort(reason);
  await expect(impatient).rejects.toBe(reason);
  expect((await patient).accessKeyId).toMatch(/^ASIA/);
  expect(sandbox.requests).toHaveLength(1);
});

test('an aborted call opens nothing', async () => {
  const provider = providerIn(around, initFor(sandbox));
  const reason = new Error('too late');
  await expect(provider({ abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(sandbox.requests).toEqual([]);
});

test('what was wrong with the environment is forgotten once it is mended', async () => {
  const environment: Record<string, string> = {};
  const { roleArn, ...others } = initFor(sandbox);
  const provider = providerIn({ ...around, environment: () => environment }, others);
  expect(await rejectionOf(provider())).toMatchObject({ code: 'OPTION_MISSING', tryNextLink: false });
  environment['ROLES_ANYWHERE_ROLE_ARN'] = roleArn ?? '';
  expect((await provider()).accountId).toBe(sandbox.accountId);
});

test.each([
  ['close', (provider: ReturnType<typeof providerIn>) => provider.close()],
  ['await using', (provider: ReturnType<typeof providerIn>) => provider[Symbol.asyncDispose]()],
])('%s forgets the credentials, and a call afterwards begins anew', async (_name, close) => {
  const provider = providerIn(around, initFor(sandbox));
  const first = await provider();
  await close(provider);
  expect((await provider()).accessKeyId).not.toBe(first.accessKeyId);
});

test('close before the first call, and twice, is fine', async () => {
  const provider = providerIn(around, initFor(sandbox));
  await provider.close();
  await provider.close();
  expect(sandbox.requests).toEqual([]);
});

test('a refusal comes with its code and ends a chain; what cannot be reached does not', async () => {
  sandbox.disable(sandbox.profileArn);
  const refused = await rejectionOf(providerIn(around, initFor(sandbox))());
  expect(refused).toMatchObject({ code: 'REFUSED_PROFILE', tryNextLink: false });
  const init = { ...initFor(sandbox), endpoint: 'http://127.0.0.1:1', maxAttempts: 1 };
  expect(await rejectionOf(providerIn(around, init)())).toMatchObject({
    code: 'NETWORK_UNREACHABLE',
    tryNextLink: true,
  });
});
