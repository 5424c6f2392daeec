import { sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import type { Signer } from '../../src/identity/signer.ts';
import { parseX509 } from '../../src/identity/x509/parse-certificate.ts';
import { providerIn } from '../../src/outputs/provider/from-roles-anywhere.ts';
import { openRole } from '../../src/outputs/serve/server-roles.ts';
import { makeMetrics } from '../../src/outputs/serve/metrics.ts';
import { keepUpdated } from '../../src/outputs/update/keep-updated.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type FakeClock, fakeClock, settled } from '../support/fake-clock.ts';
import { initFor, surroundings } from './provider/surroundings.ts';
import { planFor } from './serve/served-sandbox.ts';

let sandbox: Sandbox;
let folder: string;
let clock: FakeClock;
let close: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  clock = fakeClock(Date.now());
  sandbox = await startSandbox({ now: () => clock.now(), keyType: 'RSA-2048' });
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-running-out-'));
});
afterEach(() => close());
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

/** Chance at its worst: every pause is as long as its bound. */
const random = (): number => 0.999_999;
const sleep = async (): Promise<void> => undefined;
const pipelineIn = () => ({ now: clock.now, warn: () => undefined, random, sleep, userAgent: 'test' });

/** What the system says to whoever opens the key, until it is over. */
let trouble: string | undefined;
/** Whether it was opened since. */
let isTriedAgain = false;

function openKey(): void {
  if (trouble === undefined) isTriedAgain = true;
  else throw Object.assign(new Error('said by the system'), { code: trouble, syscall: 'open' });
}

/** The error is what reading a key makes of it. */
const signer: Signer = {
  algorithm: 'RSA',
  sign: async (data) => {
    try {
      openKey();
    } catch (cause) {
      throw new RolesAnywhereError('KEY_UNREADABLE', 'cannot be read', { cause });
    }
    return sign('sha256', data, readFileSync(sandbox.privateKeyPath));
  },
};

function plan() {
  const certificate = parseX509(new X509Certificate(readFileSync(sandbox.certificatePath)).raw);
  return planFor(sandbox, { identity: { certificate, chain: [], signer, close: async () => undefined } });
}

/** Begins a process that lives on, and tells whether it has credentials; asking may make it try. */
type Output = () => Promise<() => Promise<boolean>>;

const serve: Output = async () => {
  const metrics = makeMetrics({ version: '1.2.3', roles: () => [], now: clock.now });
  const context = { pipeline: pipelineIn(), clock, log: () => undefined, metrics };
  const role = openRole({ profile: undefined, plan: plan() }, context);
  close = () => role.close();
  await expect(role.obtain()).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
  role.keepFresh();
  return async () => role.current() !== undefined;
};

const update: Output = async () => {
  const path = join(folder, `credentials-${String(trouble)}`);
  const processes = { pid: process.pid, isRunning: () => true };
  const lock = { process: processes, userId: undefined, monotonic: clock.monotonic, sleep, random };
  const context = { path, clock, pipeline: pipelineIn(), lock, warn: () => undefined, tell: () => undefined };
  const updating = await keepUpdated([{ profile: 'default', plan: plan() }], context);
  close = () => updating.close();
  return async () => existsSync(path) && readFileSync(path, 'utf8').includes('aws_session_token');
};

const provider: Output = async () => {
  const privateKey = (): Buffer => {
    openKey();
    return readFileSync(sandbox.privateKeyPath);
  };
  const provide = providerIn({ ...surroundings(), clock, random }, { ...initFor(sandbox), privateKey });
  close = () => provide.close();
  const isServed = (): Promise<boolean> =>
    provide().then(
      () => true,
      () => false,
    );
  expect(await isServed()).toBe(false);
  return isServed;
};

/** An attempt connects first, which takes real time: until it is over there is no timer but that of its own limit. */
function isUnderWay(): boolean {
  return !isTriedAgain && (clock.untilNextTimer() ?? 0) > 60_000;
}

/** Milliseconds from the end of the trouble to the next attempt. */
async function stayedAway(isServed: () => Promise<boolean>): Promise<number> {
  for (let waited = 0; ; waited += 500) {
    await isServed();
    while (isUnderWay()) await settled();
    if (isTriedAgain || waited > 3_600_000) return waited;
    await clock.advance(500);
  }
}

test.each<[name: string, code: string, output: Output, longest: number]>([
  ['serve', 'EMFILE', serve, 5000],
  ['serve', 'ENOMEM', serve, 5000],
  ['serve', 'EIO', serve, 60_000],
  ['serve', 'EACCES', serve, 300_000],
  ['update', 'EMFILE', update, 5000],
  ['update', 'ESTALE', update, 60_000],
  ['provider', 'ENFILE', provider, 5000],
  ['provider', 'EBUSY', provider, 60_000],
  ['provider', 'ENOENT', provider, 300_000],
])('%s, after a long time of %s, tries again in time', async (_name, code, output, longest) => {
  trouble = code;
  isTriedAgain = false;
  const isServed = await output();
  for (let minute = 0; minute < 20; minute += 1) {
    await clock.advance(60_000);
    await isServed();
  }
  trouble = undefined;
  const waited = await stayedAway(isServed);
  expect(waited).toBeLessThanOrEqual(longest);
  await expect.poll(isServed).toBe(true);
});

test('update does not begin with what somebody must change', async () => {
  trouble = 'EACCES';
  await expect(update()).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
});
