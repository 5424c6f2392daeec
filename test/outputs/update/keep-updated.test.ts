import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tryLock } from '../../../src/core/fs/file-lock.ts';
import { keepUpdated, type Updating } from '../../../src/outputs/update/keep-updated.ts';
import { type UpdateContext, updateOnce } from '../../../src/outputs/update/update-file.ts';
import { resolvePlan } from '../../../src/options/resolve/resolve-plan.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { valuesOf } from '../../options/parse/values.ts';
import { type FakeClock, fakeClock, passToRenewal } from '../../support/fake-clock.ts';
import { startSilentService } from '../../support/silent-service.ts';
import { rejectionOf } from '../../support/thrown.ts';

const hour = 3_600_000;
let sandbox: Sandbox;
let clock: FakeClock = fakeClock(Date.now());
beforeAll(async () => {
  sandbox = await startSandbox({ now: () => clock.now() });
});
afterAll(() => sandbox.close());

let folder: string;
let path: string;
let warnings: string[];
let told: string[];
let updating: Updating | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-keep-updated-'));
  path = join(folder, 'credentials');
  clock = fakeClock(Date.now());
  [warnings, told, updating] = [[], [], undefined];
});
afterEach(async () => {
  await updating?.close();
  rmSync(folder, { recursive: true });
});

function context(lock: Partial<UpdateContext['lock']> = {}): UpdateContext {
  const sleep = async (): Promise<void> => undefined;
  const { now, monotonic } = clock;
  return {
    path,
    clock,
    pipeline: {
      now,
      sleep,
      random: () => 0.5,
      warn: (message) => warnings.push(message),
      askSecret: async () => undefined,
      environment: {},
      userAgent: 'test',
    },
    lock: {
      process: { pid: process.pid, isRunning: () => true },
      userId: process.geteuid?.(),
      monotonic,
      sleep,
      random: () => 0.5,
      ...lock,
    },
    warn: (message) => warnings.push(message),
    tell: (message) => told.push(message),
  };
}

async function targetOf(profile = 'default', changed: Readonly<Record<string, string>> = {}) {
  const env = { ...sandbox.environment, ROLES_ANYWHERE_MAX_ATTEMPTS: '1', ...changed };
  return { profile, plan: await resolvePlan(await valuesOf('update', { env }), env) };
}
const ofUnknownRole = (profile?: string) => targetOf(profile, { ROLES_ANYWHERE_ROLE_ARN: `${sandbox.roleArn}-not` });
const start = async (lock?: Partial<UpdateContext['lock']>) => {
  updating = await keepUpdated([await targetOf()], context(lock));
};
const content = () => readFileSync(path, 'latin1');
const keyId = () => /ASIA\w+/.exec(content())?.[0];
const calls = () => sandbox.requests.length;
const expectOtherThan = async (before: string | undefined) => {
  await expect.poll(() => keyId()).not.toBe(before);
};

describe('renewal', () => {
  test('comes before the end, once', async () => {
    await start();
    const first = keyId();
    const before = calls();
    const begin = clock.now().getTime();
    await clock.advance(hour / 2);
    expect(calls()).toBe(before);
    await passToRenewal(clock);
    expect(clock.now().getTime() - begin).toBeLessThan(hour - 5 * 60_000);
    await expectOtherThan(first);
    expect(calls()).toBe(before + 1);
    await expect.poll(() => told).toHaveLength(2);
  });

  test('comes soon after the machine has slept past the end', async () => {
    await start();
    const first = keyId();
    await clock.suspend(3 * hour);
    await clock.advance(61_000);
    await expectOtherThan(first);
  });

  test('that fails leaves the file as it is, is told of and comes again', async () => {
    await start();
    const before = content();
    const first = keyId();
    sandbox.failNext({ status: 500 });
    await clock.advance(hour - 5 * 60_000);
    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^profile default: .*; the file is still good, next attempt in \d+ s$/);
    expect(content()).toBe(before);
    await clock.advance(60_000);
    await expectOtherThan(first);
  });

  test('an expired set is never written', async () => {
    await start();
    const before = content();
    sandbox.setClockOffset(-2 * 3600);
    try {
      await clock.advance(hour - 5 * 60_000);
      await expect.poll(() => warnings.length).toBeGreaterThan(0);
      expect(content()).toBe(before);
    } finally {
      sandbox.setClockOffset(0);
    }
  });
});

describe('a file that cannot be written', () => {
  test('is tried again, with the newest set', async () => {
    await start();
    const first = keyId();
    chmodSync(path, 0o666);
    await passToRenewal(clock);
    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]).toBe(`profile default: ${path} may be written to by others (mode 0666); next attempt in 1 s`);
    expect(keyId()).toBe(first);
    chmodSync(path, 0o600);
    await clock.advance(1000);
    await expectOtherThan(first);
  });

  test('is given up when the set has expired', async () => {
    await start();
    chmodSync(path, 0o666);
    await passToRenewal(clock);
    await expect.poll(() => warnings).toHaveLength(1);
    await clock.suspend(3 * hour);
    const before = keyId();
    chmodSync(path, 0o600);
    await clock.advance(61_000);
    await expectOtherThan(before);
    const expirations = told.map((line) => Date.parse(line.replace(/.*until /, '')));
    expect(expirations.at(-1)).toBeGreaterThan(clock.now().getTime());
  });

  test('ends it at the start', async () => {
    writeFileSync(path, '');
    chmodSync(path, 0o666);
    expect(await rejectionOf(start())).toMatchObject({ code: 'FILE_UNSAFE' });
  });
});

describe('reload', () => {
  test('reads the identity again and renews', async () => {
    await start();
    const first = keyId();
    await updating?.reload([await targetOf()]);
    await expectOtherThan(first);
  });

  test('takes over another role, unless that is refused', async () => {
    await start();
    const first = keyId();
    await updating?.reload([await ofUnknownRole()]);
    expect([keyId(), warnings]).toEqual([
      first,
      [expect.stringMatching(/^profile default: the service refused .*; all stays as it was$/)],
    ]);
    await updating?.reload([await targetOf('other')]);
    expect(content()).toMatch(/^\[default\]\n(.+\n){3}\n\[other\]\n(.+\n){3}$/);
  });

  test('what cannot be reached does not take the place of what works', async () => {
    await start();
    const first = keyId();
    sandbox.failNext({ status: 503 });
    await updating?.reload([await targetOf('other')]);
    expect([keyId(), warnings]).toEqual([first, [expect.stringMatching(/^profile other: .*; all stays as it was$/)]]);
    await clock.advance(hour - 5 * 60_000);
    await expectOtherThan(first);
    expect(content()).toMatch(/^\[default\]\n(.+\n){3}$/);
  });

  test('what the old role waits to write is not written behind the set of the new one', async () => {
    let isWaiting = false;
    await start({
      sleep: async () => {
        isWaiting = true;
        await setTimeout(5);
      },
    });
    const lock = tryLock(`${path}.lock`, { pid: process.pid, isRunning: () => true });
    const short = await targetOf('default', { ROLES_ANYWHERE_SESSION_DURATION: '900' });
    const replacing = updating?.reload([short]);
    await expect.poll(() => isWaiting).toBe(true);
    // A set of the old one stands behind that of the new one.
    await updating?.reload([await targetOf()]);
    lock?.release();
    await replacing;
    // What comes last shows that the queue is through.
    await updating?.reload([short]);
    const lifetimes = () =>
      told.map((line) => (Date.parse(line.replace(/.*until /, '')) - clock.now().getTime()) / 1000);
    await expect.poll(() => lifetimes().filter((seconds) => seconds <= 900)).toHaveLength(2);
    expect(lifetimes().filter((seconds) => seconds > 900)).toHaveLength(1);
  });

  test('one that is under way ends with close, and takes no place', async () => {
    const silent = await startSilentService();
    try {
      await start();
      const first = keyId();
      const asked = silent.asked();
      const reloading = updating?.reload([await targetOf('default', { ROLES_ANYWHERE_ENDPOINT: silent.url })]);
      const hungUp = once(await asked, 'close');
      await updating?.close();
      await hungUp;
      await reloading;
      expect([keyId(), warnings]).toEqual([first, []]);
    } finally {
      silent.close();
    }
  });
});

describe('once', () => {
  test('writes what could be had and throws what could not', async () => {
    const targets = [await targetOf('a'), await ofUnknownRole('b'), await targetOf('c')];
    expect(await rejectionOf(updateOnce(targets, context()))).toMatchObject({ code: 'REFUSED_ROLE_NOT_IN_PROFILE' });
    expect(content()).toMatch(/^\[a\]\n(.+\n){3}\n\[c\]\n(.+\n){3}$/);
  });

  test('a file that others stumble over is told of', async () => {
    writeFileSync(path, '[default]\nx = 1\n[a]\n[default]\ny = 2\n', { mode: 0o600 });
    await updateOnce([await targetOf()], context());
    expect(warnings).toEqual([
      `${path}: it has more than one section [default], with which the AWS CLI and boto3 cannot read it`,
    ]);
  });
});
