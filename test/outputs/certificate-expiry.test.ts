/** What runs on tells of a certificate that expires once at each threshold, in its log, its metrics and its events. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openContainerEndpoint } from '../../src/outputs/exec/container-endpoint.ts';
import { providerIn } from '../../src/outputs/provider/from-roles-anywhere.ts';
import { makeMetrics } from '../../src/outputs/serve/metrics.ts';
import { openRole } from '../../src/outputs/serve/server-roles.ts';
import { keepUpdated } from '../../src/outputs/update/keep-updated.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { makeFolder } from '../support/openssl.ts';
import { initFor, surroundings } from './provider/surroundings.ts';
import { planFor } from './serve/served-sandbox.ts';

const day = 86_400_000;
const folder = makeFolder();
const [certificate, privateKey] = [join(folder, 'leaf.pem'), join(folder, 'leaf.key')];
let sandbox: Sandbox;
let clock: FakeClock;
let close: () => Promise<void> = async () => undefined;

/** A leaf of forty days, five of which are left. */
beforeAll(async () => {
  clock = fakeClock(Date.now());
  sandbox = await startSandbox({ now: () => clock.now() });
  const leaf = await sandbox.ca.issueLeaf({
    days: 40,
    notBefore: new Date(Date.now() - 34.5 * day),
    serialNumber: 4711n,
  });
  writeFileSync(certificate, leaf.certificate);
  writeFileSync(privateKey, leaf.privateKey, { mode: 0o600 });
});
afterEach(() => close());
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const message = /^the certificate with serial number 4711 expires in 5 days, at \d{4}-.*Z: renew it$/;
const pipelineIn = (warn: (message: string) => void) => ({
  now: clock.now,
  warn,
  random: () => 0.5,
  sleep: async () => undefined,
  userAgent: 'test',
});

function plan() {
  return planFor(sandbox, {
    identity: {
      certificate: { kind: 'file', path: certificate, option: '--certificate' },
      privateKey: { kind: 'file', path: privateKey, option: '--private-key' },
    },
  });
}

test('serve: a warning in the log and a count, and none at the next renewal', async () => {
  const lines: (readonly [level: string, message: string, fields: object])[] = [];
  const metrics = makeMetrics({ version: '1.2.3', roles: () => [], now: clock.now });
  const warnings: string[] = [];
  const role = openRole(
    { profile: 'on-prem', plan: plan() },
    {
      pipeline: pipelineIn((one) => warnings.push(one)),
      clock,
      metrics,
      log: (level, text, fields = {}) => lines.push([level, text, fields]),
    },
  );
  close = () => role.close();
  await role.obtain();
  await role.reload();
  expect(sandbox.requests.filter(({ accepted }) => accepted)).toHaveLength(2);
  const warned = lines.filter(([level]) => level === 'warn');
  expect(warned).toEqual([
    ['warn', expect.stringMatching(message), expect.objectContaining({ profile: 'on-prem', serial: '4711' })],
  ]);
  expect(warnings).toEqual([]);
  expect(await metrics.page()).toContain('roles_anywhere_certificate_warnings_total{profile="on-prem"} 1\n');
});

test('update: a warning that names the profile', async () => {
  const warnings: string[] = [];
  const warn = (one: string): void => void warnings.push(one);
  const lock = {
    process: { pid: process.pid, isRunning: () => true },
    userId: undefined,
    monotonic: clock.monotonic,
    sleep: async () => undefined,
    random: () => 0.5,
  };
  const path = join(folder, 'credentials');
  const context = { path, clock, pipeline: pipelineIn(warn), lock, warn, tell: () => undefined };
  const targets = [{ profile: 'default', plan: plan() }];
  const updating = await keepUpdated(targets, context);
  close = () => updating.close();
  await updating.reload(targets);
  expect(warnings).toEqual([
    expect.stringMatching(/^profile default: the certificate with serial number 4711 expires in 5 days/),
  ]);
});

test('exec: a warning, in the words of the others', async () => {
  const warnings: string[] = [];
  const warn = (one: string): void => void warnings.push(one);
  const endpoint = await openContainerEndpoint(plan(), { pipeline: pipelineIn(warn), clock, warn });
  close = () => endpoint.close();
  expect(warnings).toEqual([expect.stringMatching(message)]);
});

test('the provider: a warning to the logger', async () => {
  const warnings: string[] = [];
  const silent = (): void => undefined;
  const logger = { debug: silent, info: silent, error: silent, warn: (one: string) => void warnings.push(one) };
  const init = {
    ...initFor(sandbox),
    certificate: readFileSync(certificate),
    privateKey: readFileSync(privateKey),
    logger,
  };
  const provide = providerIn({ ...surroundings(), clock, random: () => 0.5 }, init);
  close = () => provide.close();
  await provide();
  await provide({ forceRefresh: true });
  expect(warnings).toEqual([expect.stringMatching(/: the certificate with serial number 4711 expires in 5 days/)]);
});
