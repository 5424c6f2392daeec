import { systemClock } from '../../src/pipeline/refresh/clock.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { reportError } from '../../src/cli/report-error.ts';
import type { SigningIdentity } from '../../src/identity/identity.ts';
import { logFailover, logRefresh, type Say } from '../../src/outputs/provider/open-credentials.ts';
import { providerIn } from '../../src/outputs/provider/from-roles-anywhere.ts';
import { functionIdentity } from '../../src/outputs/provider/function-identity.ts';
import { reopeningIdentity } from '../../src/outputs/provider/init-identity.ts';
import { openRole } from '../../src/outputs/serve/server-roles.ts';
import { makeMetrics } from '../../src/outputs/serve/metrics.ts';
import { openTokenFile } from '../../src/outputs/serve/token-file.ts';
import { updateOnce } from '../../src/outputs/update/update-file.ts';
import { renewAlone } from '../../src/pipeline/disk-cache/renew-alone.ts';
import { mostTelling } from '../../src/pipeline/failover/failover.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { fakeTerminal } from '../cli/terminal/fake-terminal.ts';
import { later, minutes, noon, sampleEntry } from '../pipeline/disk-cache/sample-entry.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { rejectionOf } from '../support/thrown.ts';
import { initFor, surroundings } from './provider/surroundings.ts';
import { planFor } from './serve/served-sandbox.ts';

/** What Node and libraries do: the message quotes what they were given, here a private key. */
const foreign = new TypeError(
  'cannot read -----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----',
);
const fail = (): never => {
  throw foreign;
};

let folder: string;
let sandbox: Sandbox;
let lines: string[];
const warn = (message: string): void => void lines.push(message);
const say: Say = (level, message) => lines.push(`${level} ${message}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-foreign-'));
  sandbox = await startSandbox();
});
beforeEach(() => {
  lines = [];
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

/** Something was said, of the error its name and nothing else. */
function expectOnlyTheName(): void {
  const text = lines.join('\n');
  expect(text).toContain('TypeError');
  expect(text).not.toMatch(/PRIVATE KEY|MC4C|cannot read/);
}

const failed = { kind: 'failed', error: foreign, elapsedMs: 1, retryInMs: 1 } as const;

test.each([true, false])("the provider's log of a renewal, with credentials held: %s", (stillValid) => {
  logRefresh({ ...failed, stillValid }, say);
  expectOnlyTheName();
});

test("the provider's log of a target", () => {
  logFailover({ kind: 'target-failed', target: 'near', error: foreign, restsForMs: 1 }, say);
  expectOnlyTheName();
});

test('the provider itself, where a function that gives the key throws: its log and its error', async () => {
  const level = (line: unknown): void => void lines.push(String(line));
  const logger = { debug: level, info: level, warn: level, error: level };
  const provider = providerIn(surroundings(), { ...initFor(sandbox), privateKey: fail, logger });
  const error = await rejectionOf(provider());
  expectOnlyTheName();
  lines = [String(error)];
  expectOnlyTheName();
});

const identity = { certificate: { notAfter: later(minutes(60)) } } as SigningIdentity;
const context = { now: () => noon, warn };
const use = () => Promise.resolve('used');

test('an identity that is opened anew', async () => {
  const answers = [() => Promise.resolve(identity), () => Promise.reject(foreign)];
  const reloading = reopeningIdentity(() => answers.shift()?.() ?? fail(), context);
  await reloading.use(use);
  expect(await reloading.use(use)).toBe('used');
  expectOnlyTheName();
});

test('keys that functions give', async () => {
  const answers = [() => Promise.resolve(new Map([['pkcs11-pin', '1111']])), () => Promise.reject(foreign)];
  const keep = () => ({
    use: <T>(action: (identity: SigningIdentity) => Promise<T>) => action(identity),
    reload: () => undefined,
    onChange: () => () => undefined,
    close: () => Promise.resolve(),
  });
  const reloading = functionIdentity(() => answers.shift()?.() ?? fail(), keep, { ...context, clock: systemClock() });
  await reloading.use(use);
  expect(await reloading.use(use)).toBe('used');
  expectOnlyTheName();
});

const pipeline = { now: () => noon, warn, random: () => 0.5, sleep: async () => undefined, userAgent: 'test' };

/** A plan that nobody can read without the error, from when it is broken. */
function plan(isBroken = () => true) {
  const certificate = {
    option: '--certificate',
    kind: 'file',
    get path() {
      return isBroken() ? fail() : sandbox.certificatePath;
    },
  } as const;
  const privateKey = { option: '--private-key', kind: 'file', path: sandbox.privateKeyPath } as const;
  return planFor(sandbox, { identity: { certificate, privateKey } });
}

test('the log of serve', async () => {
  const log = (level: string, message: string, fields = {}) =>
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const metrics = makeMetrics({ version: '1.2.3', roles: () => [], now: () => noon });
  let isBroken = false;
  const role = openRole(
    { profile: undefined, plan: plan(() => isBroken) },
    { pipeline, clock: fakeClock(), log, metrics },
  );
  isBroken = true;
  await expect(role.obtain()).rejects.toBe(foreign);
  await role.close();
  expectOnlyTheName();
});

test('the log of update', async () => {
  const targets = ['one', 'other'].map((profile) => ({ profile, plan: plan() }));
  const lock = {
    process: { pid: process.pid, isRunning: () => true },
    userId: undefined,
    monotonic: () => 0,
    sleep: pipeline.sleep,
    random: pipeline.random,
  };
  const path = join(folder, 'credentials');
  const update = updateOnce(targets, { path, clock: fakeClock(), pipeline, lock, warn, tell: warn });
  await expect(update).rejects.toBe(foreign);
  expectOnlyTheName();
});

test('the warning of the disk cache', async () => {
  const cache = { path: join(folder, 'cache'), option: '--cache-dir', userId: process.geteuid?.() };
  const renewal = {
    folder: cache,
    key: 'd'.repeat(64),
    read: () => Promise.resolve(sampleEntry()),
    write: () => Promise.resolve(),
    renew: () => Promise.reject(foreign),
  };
  const now = (): Date => later(minutes(51));
  const lock = { pid: process.pid, isRunning: () => true };
  await renewAlone(renewal, { process: lock, now, sleep: () => Promise.resolve(), warn });
  expectOnlyTheName();
});

test('a token file that is looked at again', () => {
  const path = join(folder, 'token');
  let now = 0;
  const failOnce = [fail];
  const surrounding = { warn: (message: string) => (failOnce.pop() ?? warn)(message), monotonic: () => now };
  const option = '--token-file';
  writeFileSync(path, 'a'.repeat(43), { mode: 0o600 });
  const isToken = openTokenFile({ path, option, userId: process.geteuid?.() }, surrounding);
  // Its warning of the line break is what fails.
  writeFileSync(path, `${'b'.repeat(43)}\n`);
  now = 3_600_000;
  expect(isToken('a'.repeat(43))).toBe(true);
  expectOnlyTheName();
});

test.each([[], ['--debug']])("the command's stderr, after all targets have failed: %j", (...argv) => {
  const error = mostTelling([
    { name: 'near', error: foreign },
    { name: 'far', error: foreign },
  ]);
  const terminal = fakeTerminal();
  reportError(error, argv, terminal);
  lines = [...terminal.lines];
  expectOnlyTheName();
});
