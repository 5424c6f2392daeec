import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/sandbox/index.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { ask, askImds, rolesPath } from '../../support/ask-server.ts';
import { planFor, type ServedSandbox, serveSandbox, sessionsOf } from './served-sandbox.ts';

/** Past the moment at which a set of an hour is renewed, before the moment at which it expires. */
const untilRenewal = 2900_000;
const untilExpiry = 3600_000 - untilRenewal;

/** What the network and the service take is real time. */
const patient = { timeout: 60_000 };

let server: ServedSandbox;
let clock: FakeClock;

async function open(requestTimeout?: number): Promise<void> {
  clock = fakeClock();
  const network = { verify: true, maxAttempts: 1, connectTimeout: 10_000, requestTimeout: requestTimeout ?? 10_000 };
  server = await serveSandbox({
    clock,
    plans: (sandbox) => [{ profile: undefined, plan: planFor(sandbox, { network }) }],
  });
}
afterEach(() => server.close());

const container = () => ask(server.url, '/credentials', { headers: { Authorization: server.token } });
const imds = () => askImds(server.url, `${rolesPath}Worker`);
const said = (message: string) => server.logs.filter((line) => line.message.startsWith(message));
const renewals = () => said('credentials renewed').length;
const failures = () => said('renewal failed');

/** Time goes by until there is something to see: the service is real, and the pauses before it is asked are not. */
async function goOnUntil(isThere: () => boolean): Promise<void> {
  await expect
    .poll(
      async () => {
        if (!isThere()) await clock.advance(1000);
        return isThere();
      },
      { ...patient, interval: 20 },
    )
    .toBe(true);
}

test('a set is renewed in the background, well before it expires', async () => {
  await open();
  const before = (await container()).body;
  await clock.advance(2700_000);
  expect((await container()).body).toBe(before);
  await clock.advance(200_000);
  await expect.poll(renewals, patient).toBe(2);
  const after = await container();
  expect(after.status).toBe(200);
  expect(after.body).not.toBe(before);
  expect(sessionsOf(server)).toBe(2);
});

describe('at a renewal the service', () => {
  const faults: readonly (readonly [string, Fault, string])[] = [
    ['is down', { drop: 'at-once' }, 'NETWORK_UNREACHABLE'],
    ['breaks off', { drop: 'in-body' }, 'NETWORK_UNREACHABLE'],
    ['is too slow', { delay: 60_000 }, 'NETWORK_TIMEOUT'],
    ['throttles', { status: 429 }, 'SERVICE_THROTTLED'],
    ['fails', { status: 503 }, 'SERVICE_UNAVAILABLE'],
    ['refuses', { status: 403 }, 'REFUSED_OTHER'],
    ['answers with an empty set', { status: 201, body: '{"credentialSet":[]}' }, 'RESPONSE_EMPTY'],
    ['answers with nonsense', { status: 200, body: '<html>' }, 'RESPONSE_INVALID'],
  ];

  test.each(faults)(
    '%s: the set before is handed out, at once, until it expires; then it is renewed',
    async (_name, fault, code) => {
      await open(code === 'NETWORK_TIMEOUT' ? 2500 : undefined);
      const before = (await container()).body;
      server.sandbox.failNext({ ...fault, times: 2 });
      await clock.advance(untilRenewal);
      // While the attempt is under way nobody waits for it.
      for (const reply of [await container(), await imds()]) expect(reply.status).toBe(200);
      expect((await container()).body).toBe(before);
      await expect.poll(() => failures().length, patient).toBe(1);
      expect(failures()[0]).toMatchObject({ level: 'warn', fields: { code, 'still-valid': true, profile: 'Worker' } });
      expect((await container()).body).toBe(before);

      await goOnUntil(() => renewals() === 2);
      const after = await container();
      expect(after.status).toBe(200);
      expect(after.body).not.toBe(before);
      expect(failures()).toHaveLength(2);
    },
  );
});

test('when it stays away, nothing expired is handed out; when it is back, neither needs a restart', async () => {
  await open();
  server.sandbox.failNext({ drop: 'at-once', times: 10_000 });
  await clock.advance(untilRenewal);
  await expect.poll(() => failures().length, patient).toBe(1);
  await clock.advance(untilExpiry);
  expect((await imds()).status).toBe(503);
  const reply = await container();
  expect(reply.status).toBe(503);
  expect(JSON.parse(reply.body)).toEqual({
    Code: 'CredentialsUnavailable',
    Message: 'there are no valid credentials at the moment (NETWORK_UNREACHABLE)',
  });
  expect((await ask(server.url, '/readyz')).status).toBe(503);
  expect((await ask(server.url, '/healthz')).status).toBe(200);
  await goOnUntil(() => failures().some(({ level }) => level === 'error'));
  expect(failures().at(-1)).toMatchObject({ fields: { 'still-valid': false } });
});

test('no request asks the service, also while there is nothing to hand out', async () => {
  await open();
  server.sandbox.failNext({ status: 503, times: 10_000 });
  await clock.advance(untilRenewal);
  await expect.poll(() => failures().length, patient).toBe(1);
  clock.setWallClock(untilExpiry);
  const asked = sessionsOf(server);
  const replies = await Promise.all(Array.from({ length: 200 }, container));
  expect(replies.every(({ status }) => status === 503)).toBe(true);
  expect(sessionsOf(server)).toBe(asked);
});

test('the wall clock is set ahead: what has expired is not handed out, and is renewed', async () => {
  await open();
  clock.setWallClock(2 * 3600_000);
  expect((await container()).status).toBe(503);
  // At once: who has asked has woken the renewal.
  await expect.poll(renewals, patient).toBe(2);
  expect((await container()).status).toBe(200);
  expect(said('the clock was set')[0]).toMatchObject({ level: 'warn', fields: { 'jumped-ms': 7_200_000 } });
});

test('the wall clock is set back: a set does not live longer for it', async () => {
  await open();
  clock.setWallClock(-2 * 3600_000);
  expect((await container()).status).toBe(200);
  server.sandbox.failNext({ status: 503, times: 10_000 });
  await clock.advance(3600_000);
  expect((await container()).status).toBe(503);
});

test('a token of the metadata service lives by the clock that nobody can set', async () => {
  await open();
  const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
  const { body: token } = await ask(server.url, '/latest/api/token', { method: 'PUT', headers });
  const listing = () => ask(server.url, rolesPath, { headers: { 'X-aws-ec2-metadata-token': token } });
  clock.setWallClock(-3600_000);
  await clock.advance(30_000);
  const reply = await listing();
  expect([reply.status, reply.headers['x-aws-ec2-metadata-token-ttl-seconds']]).toEqual([200, '30']);
  await clock.advance(30_000);
  expect((await listing()).status).toBe(401);
});

test('the certificate is rotated to a key of another type while serving', async () => {
  await open();
  const { certificate, privateKey } = await server.sandbox.ca.issueLeaf({ keyType: 'RSA-2048' });
  // As a tool does that writes one file after the other.
  writeFileSync(server.sandbox.certificatePath, certificate);
  await clock.advance(untilRenewal);
  await expect.poll(renewals, patient).toBeGreaterThanOrEqual(2);
  expect((await container()).status).toBe(200);
  const [first, second] = said('credentials renewed').map(({ fields }) => fields['serial']);
  expect(second).toBe(first);
  const before = renewals();
  writeFileSync(server.sandbox.privateKeyPath, privateKey);
  await expect.poll(renewals, patient).toBeGreaterThan(before);
  expect(said('credentials renewed').at(-1)?.fields['serial']).not.toBe(first);
  expect((await container()).status).toBe(200);
});
