import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CredentialPlan, CredentialRequest, PipelineContext } from '../../src/pipeline/credential-plan.ts';
import type { Credentials } from '../../src/core/credentials.ts';
import { tryLock } from '../../src/core/fs/file-lock.ts';
import { type CacheOptions, obtainCached } from '../../src/pipeline/pipeline-cached.ts';
import { entryKey } from '../../src/pipeline/disk-cache/entry-key.ts';
import { writeEntry } from '../../src/pipeline/disk-cache/write-entry.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { cachePlace, isRunning } from './disk-cache/cache-place.ts';
import { minutes } from './disk-cache/sample-entry.ts';
import { chainRequest } from '../aws/assume-role/chain-request.ts';
import { rejectionOf } from '../support/thrown.ts';

const place = cachePlace();
const cache: CacheOptions = { folder: place.folder, process: { pid: process.pid, isRunning } };
let sandbox: Sandbox;
let ahead = 0;
let warnings: string[];

const now = (): Date => new Date(Date.now() + ahead);

beforeAll(async () => {
  const roles = ['Base', 'Hop'].map((name) => ({ name, maxSessionDuration: 43_200 }));
  sandbox = await startSandbox({ now, roles, profile: { durationSeconds: 43_200 } });
});
afterAll(() => sandbox.close());
beforeEach(() => {
  ahead = 0;
  warnings = [];
});
afterEach(() => place.remove());

const context: PipelineContext = {
  now,
  random: () => 0,
  sleep: (milliseconds) => new Promise((settle) => setTimeout(settle, milliseconds)),
  userAgent: 'roles-anywhere/0.0.0',
  warn: (message) => void warnings.push(message),
};

function planOf(...requests: readonly [CredentialRequest, ...CredentialRequest[]]): CredentialPlan {
  const [first, ...others] = requests.map((request, at) => ({ name: `target ${at}`, request }));
  if (first === undefined) throw new Error('no target');
  return { targets: [first, ...others], failoverOnRefusal: false };
}

function request(changes: Partial<CredentialRequest['session']> = {}): CredentialRequest {
  const plain = chainRequest(sandbox, { hops: [] });
  return { ...plain, session: { ...plain.session, ...changes } };
}

/** What comes, and which operations the services were asked for on the way. */
async function obtain(plan: CredentialPlan): Promise<{ credentials: Credentials; operations: readonly string[] }> {
  const before = sandbox.requests.length;
  const credentials = await obtainCached(plan, cache, context);
  return { credentials, operations: sandbox.requests.slice(before).map(({ operation }) => operation) };
}

describe('an hour of credentials', () => {
  const plan = (): CredentialPlan => planOf(request({ durationSeconds: 3600 }));

  test('is used until ten minutes are left, and then renewed', async () => {
    const first = await obtain(plan());
    expect(first.operations).toEqual(['CreateSession']);
    ahead = minutes(49.9);
    expect(await obtain(plan())).toEqual({ credentials: first.credentials, operations: [] });
    ahead = minutes(50.1);
    const second = await obtain(plan());
    expect(second.operations).toEqual(['CreateSession']);
    expect(second.credentials.expiration.getTime()).toBeGreaterThan(first.credentials.expiration.getTime());
    expect(await obtain(plan())).toEqual({ credentials: second.credentials, operations: [] });
  });

  test('is never handed out expired', async () => {
    const first = await obtain(plan());
    ahead = minutes(61);
    sandbox.failNext({ status: 503 });
    expect(await rejectionOf(obtain(plan()))).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    const second = await obtain(plan());
    expect(second.credentials.accessKeyId).not.toBe(first.credentials.accessKeyId);
    expect(warnings).toEqual([]);
  });

  test('goes on to be used when it cannot be renewed, with one attempt in half a minute', async () => {
    const first = await obtain(plan());
    ahead = minutes(51);
    sandbox.failNext({ status: 503 });
    const second = await obtain(plan());
    expect(second).toEqual({ credentials: first.credentials, operations: ['CreateSession'] });
    const until = first.credentials.expiration.toISOString();
    expect(warnings).toEqual([
      expect.stringContaining(`the credentials could not be renewed, and those of the cache work until ${until}: `),
    ]);
    ahead += 20_000;
    expect(await obtain(plan())).toEqual({ credentials: first.credentials, operations: [] });
    ahead += 11_000;
    const third = await obtain(plan());
    expect(third.operations).toEqual(['CreateSession']);
    expect(third.credentials.accessKeyId).not.toBe(first.credentials.accessKeyId);
  });

  test('is used at once while another process renews it', async () => {
    const first = await obtain(plan());
    ahead = minutes(51);
    const [entry = ''] = readdirSync(place.folder.path);
    const lock = tryLock(join(place.folder.path, entry.replace(/json$/, 'lock')), cache.process);
    expect(await obtain(plan())).toEqual({ credentials: first.credentials, operations: [] });
    lock?.release();
    expect((await obtain(plan())).operations).toEqual(['CreateSession']);
  });

  test('is not believed when the clock has been set back since', async () => {
    ahead = minutes(5);
    await obtain(plan());
    ahead = 0;
    expect((await obtain(plan())).operations).toEqual(['CreateSession']);
  });
});

describe('waiting', () => {
  const shortPlan = (): CredentialPlan => planOf(request({ durationSeconds: 900 }));
  let waits: number[];
  let lockPath: string;

  /** A clock that goes on by waiting only. */
  const waitingClock = (start: number) => (): Date => new Date(start + waited());
  const waited = (): number => waits.reduce((sum, each) => sum + each, 0);

  /** Has a lock taken by a holder that nobody can see. */
  function lockElsewhere(at: Date): void {
    writeFileSync(lockPath, JSON.stringify({ id: String(at), at, pid: 1, machine: 'elsewhere' }), { mode: 0o600 });
  }

  /** Lets the lock be so much older. */
  function age(path: string, ms: number): void {
    waits.push(ms);
    const then = (statSync(path).mtimeMs - ms) / 1000;
    utimesSync(path, then, then);
  }

  beforeEach(async () => {
    await obtain(shortPlan());
    waits = [];
    const [name = ''] = readdirSync(place.folder.path);
    lockPath = join(place.folder.path, name.replace(/json$/, 'lock'));
    ahead = minutes(16);
  });

  test('ends with the bound of the lock', async () => {
    const clock = waitingClock(now().getTime());
    lockElsewhere(clock());
    const before = sandbox.requests.length;
    const sleep = (ms: number): Promise<void> => Promise.resolve(age(lockPath, ms));
    const start = performance.now();
    await obtainCached(shortPlan(), cache, { ...context, now: clock, sleep });
    expect(sandbox.requests.length - before).toBe(1);
    // The file's age is of the real clock, and its date that of the kernel's last tick.
    expect(waited() + performance.now() - start).toBeGreaterThan(19_990);
    expect(waited()).toBeLessThan(20_500);
    expect(Math.max(...waits)).toBe(250);
  });

  test('ends without the lock where that stays with others', async () => {
    const clock = waitingClock(now().getTime());
    lockElsewhere(clock());
    const sleep = async (ms: number): Promise<void> => {
      waits.push(ms);
      // Somebody else takes it over all the time.
      lockElsewhere(clock());
    };
    await obtainCached(shortPlan(), cache, { ...context, now: clock, sleep });
    expect(waited()).toBeGreaterThan(30_000);
    expect(waited()).toBeLessThan(30_500);
    expect(statSync(lockPath).isFile()).toBe(true);
  });
});

describe('a chain', () => {
  const chain = (): CredentialPlan => {
    const base = chainRequest(sandbox, { hops: [{ roleArn: hopArn() }] });
    return planOf({ ...base, session: { ...base.session, durationSeconds: 43_200 } });
  };
  const hopArn = (): string => sandbox.roleArn.replace(/[^/]+$/, 'Hop');

  test('renews only what expires', async () => {
    const first = await obtain(chain());
    expect(first.operations).toEqual(['CreateSession', 'AssumeRole']);
    expect(await obtain(chain())).toEqual({ credentials: first.credentials, operations: [] });
    ahead = minutes(51);
    expect((await obtain(chain())).operations).toEqual(['AssumeRole']);
    ahead = minutes(11 * 60);
    expect((await obtain(chain())).operations).toEqual(['CreateSession', 'AssumeRole']);
    const [entry = ''] = readdirSync(place.folder.path);
    expect(JSON.parse(readFileSync(join(place.folder.path, entry), 'utf8'))).toMatchObject({ role: hopArn() });
  });
});

describe('several targets', () => {
  const unreachable = (): CredentialRequest => ({
    ...request(),
    endpoint: { ...request().endpoint, custom: { url: 'http://127.0.0.1:9', option: '--endpoint' } },
  });

  test('have one entry, which knows who served', async () => {
    const plan = planOf(unreachable(), request());
    const first = await obtain(plan);
    expect(first).toMatchObject({ credentials: { target: 'target 1' }, operations: ['CreateSession'] });
    expect(await obtain(plan)).toEqual({ credentials: first.credentials, operations: [] });
    expect((await obtain(planOf(request()))).operations).toEqual(['CreateSession']);
    expect((await obtain(planOf(request()))).credentials).not.toHaveProperty('target');
  });

  test('may have files that cannot be read, as long as they are not needed', async () => {
    const missing = { option: '--certificate', kind: 'file', path: join(place.folder.path, 'none.pem') } as const;
    const plan = planOf(request(), { ...request(), identity: { certificate: missing } });
    expect((await obtain(plan)).operations).toEqual(['CreateSession']);
    expect((await obtain(plan)).operations).toEqual([]);
    expect(await rejectionOf(obtain(planOf({ ...request(), identity: { certificate: missing } })))).toMatchObject({
      code: 'CERTIFICATE_UNREADABLE',
      message: `--certificate: ${missing.path} does not exist`,
    });
  });
});

describe('a key on a token', () => {
  test('is not touched for a hit, and its entries are not encrypted', async () => {
    const identity = {
      certificate: { option: '--certificate', kind: 'file', path: sandbox.certificatePath },
      privateKey: { option: '--private-key', kind: 'pkcs11', uri: 'pkcs11:object=leaf?module-path=/nowhere.so' },
    } as const;
    const plan = planOf({ ...request(), identity });
    const { credentials } = await obtain(planOf(request()));
    const certificate = readFileSync(sandbox.certificatePath);
    const key = entryKey(plan, [{ source: identity, certificate }]);
    const entry = { target: 0, sets: [{ credentials, obtainedAt: now() }] } as const;
    const names = { role: sandbox.roleArn, target: 'token' };
    await writeEntry({ folder: place.folder, key, seal: undefined }, { entry, names }, { ...context, ...cache });

    expect(await obtain(plan)).toEqual({ credentials, operations: [] });
    const text = readFileSync(join(place.folder.path, `${key}.json`), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ cipher: 'none' });
  });
});

describe('a folder', () => {
  test.skipIf(place.folder.userId === undefined)('of somebody else is refused', async () => {
    await obtain(planOf(request()));
    const folder = { ...place.folder, userId: (place.folder.userId ?? 0) + 1 };
    expect(await rejectionOf(obtainCached(planOf(request()), { ...cache, folder }, context))).toMatchObject({
      code: 'FILE_UNSAFE',
      message: expect.stringContaining(`belongs to user ${place.folder.userId}, and this is user ${folder.userId}`),
    });
  });

  test('loses what nobody can need any more, and keeps what is not ours', async () => {
    await obtain(planOf(request({ durationSeconds: 900 })));
    const [old = ''] = readdirSync(place.folder.path);
    const key = old.slice(0, 64);
    const left = [old, `${key}.lock`, `${key}.lock-${'0'.repeat(16)}`, `${key}.${'0'.repeat(12)}.tmp`, 'notes.txt'];
    const longAgo = new Date(Date.now() - minutes(14 * 60));
    for (const name of left) {
      writeFileSync(join(place.folder.path, name), 'x', { mode: 0o600 });
      utimesSync(join(place.folder.path, name), longAgo, longAgo);
    }
    await obtain(planOf(request()));
    expect(readdirSync(place.folder.path)).toEqual(expect.arrayContaining(['notes.txt']));
    expect(readdirSync(place.folder.path)).toHaveLength(2);
  });
});
