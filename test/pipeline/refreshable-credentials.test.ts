import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { CredentialRequest, CredentialTarget } from '../../src/pipeline/credential-plan.ts';
import type { FailoverEvent } from '../../src/pipeline/failover/failover.ts';
import type { IdentitySource, ReloadingIdentity } from '../../src/identity/identity.ts';
import { openIdentity } from '../../src/identity/open-identity.ts';
import {
  type RefreshableContext,
  type RefreshableCredentials,
  refreshableCredentials,
} from '../../src/pipeline/refreshable-credentials.ts';
import type { RefreshEvent } from '../../src/pipeline/refresh/refresher.ts';
import type { RoleHop } from '../../src/aws/assume-role/role-hop.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { chainRequest } from '../aws/assume-role/chain-request.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';
import { makeFolder, openssl, removeFolder } from '../support/openssl.ts';
import { rejectionOf } from '../support/thrown.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Time is the test's: the sandboxes live in it too. What they are asked goes over real connections. */
let clock: FakeClock;
let folder: string;
let sandboxes: Sandbox[];
let refreshable: RefreshableCredentials | undefined;
let refreshed: RefreshEvent[];
let failedOver: FailoverEvent[];
let warnings: string[];
let questions: string[];

beforeEach(() => {
  clock = fakeClock(Date.now());
  folder = makeFolder();
  sandboxes = [];
  [refreshed, failedOver, warnings, questions] = [[], [], [], []];
});

afterEach(async () => {
  await refreshable?.close();
  refreshable = undefined;
  await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
  removeFolder(folder);
});

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ now: clock.now, ...options });
  sandboxes.push(sandbox);
  return sandbox;
}

function context(answers: string[] = []): RefreshableContext {
  return {
    now: clock.now,
    random: () => 0,
    sleep: async () => undefined,
    userAgent: 'roles-anywhere/0.0.0',
    warn: (message) => warnings.push(message),
    askSecret: (question) => {
      questions.push(question);
      return Promise.resolve(answers.shift());
    },
    clock,
    onRefresh: (event) => refreshed.push(event),
    onFailover: (event) => failedOver.push(event),
  };
}

function target(
  sandbox: Sandbox,
  parts: Partial<CredentialRequest> = {},
  hops: readonly RoleHop[] = [],
): CredentialTarget {
  return { name: sandbox.region, request: { ...chainRequest(sandbox, { hops }), ...parts } };
}

function refreshing(first: CredentialTarget, ...others: readonly CredentialTarget[]): RefreshableCredentials {
  refreshable = refreshableCredentials({ targets: [first, ...others], failoverOnRefusal: false }, context());
  return refreshable;
}

/** Certificate and key in files of the test's own. */
function install({ certificate, privateKey }: { certificate: string; privateKey: string }): IdentitySource {
  writeFileSync(join(folder, 'leaf.pem'), certificate);
  writeFileSync(join(folder, 'leaf.key'), privateKey, { mode: 0o600 });
  return {
    certificate: { option: '--certificate', kind: 'file', path: join(folder, 'leaf.pem') },
    privateKey: { option: '--private-key', kind: 'file', path: join(folder, 'leaf.key') },
  };
}

/** Waits for a flight, whose connections are real; the test's own time-out is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function operations(sandbox: Sandbox): readonly string[] {
  return sandbox.requests.map(({ operation, accepted }) => (accepted ? operation : `${operation} refused`));
}

describe('one target', () => {
  it('ten thousand callers at once make one CreateSession', async () => {
    const sandbox = await start();
    const credentials = refreshing(target(sandbox));
    const sets = await Promise.all(Array.from({ length: 10_000 }, () => credentials.get()));

    expect(new Set(sets.map(({ accessKeyId }) => accessKeyId)).size).toBe(1);
    expect(operations(sandbox)).toEqual(['CreateSession']);
  });

  it('is renewed early, while what is held is handed out', async () => {
    const sandbox = await start();
    const credentials = refreshing(target(sandbox));
    const first = await credentials.get();
    await clock.advance(50 * minute + second);
    expect((await credentials.get()).accessKeyId).toBe(first.accessKeyId);
    await until(() => refreshed.length === 2);
    expect((await credentials.get()).accessKeyId).not.toBe(first.accessKeyId);
    expect(operations(sandbox)).toEqual(['CreateSession', 'CreateSession']);
  });

  it('that fails leaves what is held until it expires, and then says why', async () => {
    const sandbox = await start();
    const credentials = refreshing(target(sandbox));
    const first = await credentials.get();
    sandbox.failNext({ status: 503, times: 100 });
    for (let at = 50; at < 60; at += 1) {
      await clock.advance(at === 50 ? 50 * minute + second : minute);
      const before = refreshed.length;
      expect((await credentials.get()).accessKeyId).toBe(first.accessKeyId);
      await until(() => refreshed.length > before);
    }
    await clock.advance(minute);
    expect(credentials.current()).toBeUndefined();
    expect((await rejectionOf(credentials.get())).code).toBe('SERVICE_UNAVAILABLE');
    expect(refreshed.slice(1).every((event) => event.kind === 'failed')).toBe(true);
  });

  it('never hands out what the service calls a success and is none', async () => {
    const sandbox = await start();
    const credentials = refreshing(target(sandbox));
    const first = await credentials.get();
    sandbox.failNext({ status: 201, body: '{"credentialSet":[]}' });
    await clock.advance(59 * minute + 30 * second);
    expect((await credentials.get()).accessKeyId).toBe(first.accessKeyId);
    expect(refreshed.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'RESPONSE_EMPTY' }, stillValid: true });
  });

  it('a refusal is told at once, and not asked for again by those who call in the pause', async () => {
    const sandbox = await start();
    sandbox.disable(sandbox.profileArn);
    const credentials = refreshing(target(sandbox));
    const { code } = await rejectionOf(credentials.get());
    expect(code).toMatch(/^REFUSED_/);
    await Promise.all(Array.from({ length: 10 }, () => rejectionOf(credentials.get())));
    expect(sandbox.requests).toHaveLength(1);

    sandbox.enable(sandbox.profileArn);
    await clock.advance(second);
    await credentials.get();
    expect(operations(sandbox)).toEqual(['CreateSession refused', 'CreateSession']);
  });

  it('one caller gives up, the other does not notice', async () => {
    const sandbox = await start();
    sandbox.failNext({ delay: 50, status: 503 });
    const credentials = refreshing(target(sandbox));
    const controller = new AbortController();
    const impatient = credentials.get({ signal: controller.signal });
    const patient = rejectionOf(credentials.get());
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' });
    expect((await patient).code).toBe('SERVICE_UNAVAILABLE');
    expect(sandbox.requests).toHaveLength(1);
  });

  it('a machine that slept past the end asks anew', async () => {
    const sandbox = await start();
    const credentials = refreshing(target(sandbox));
    const first = await credentials.get();
    await clock.suspend(2 * hour);
    expect((await credentials.get()).accessKeyId).not.toBe(first.accessKeyId);
  });
});

describe('certificate and key', () => {
  it('that change are used at the next renewal, of whatever kind they are', async () => {
    const sandbox = await start();
    const identity = install(await sandbox.ca.issueLeaf({ subject: 'CN=first', keyType: 'RSA-2048' }));
    const credentials = refreshing(target(sandbox, { identity }));
    await credentials.get();
    install(await sandbox.ca.issueLeaf({ subject: 'CN=second', keyType: 'P-256' }));
    await credentials.get({ forceRefresh: true });

    const subjects = sandbox.requests.map(({ session }) => session?.tags['x509Subject/CN']);
    expect(subjects).toEqual(['first', 'second']);
    expect(warnings).toEqual([]);
  });

  it('that are broken leave those before in use, with one warning', async () => {
    const sandbox = await start();
    const identity = install(await sandbox.ca.issueLeaf({ subject: 'CN=first' }));
    const credentials = refreshing(target(sandbox, { identity }));
    await credentials.get();
    writeFileSync(join(folder, 'leaf.key'), (await sandbox.ca.issueLeaf()).privateKey);
    for (let renewal = 0; renewal < 3; renewal += 1) {
      await clock.advance(second);
      await credentials.get({ forceRefresh: true });
    }
    expect(operations(sandbox)).toEqual(Array.from({ length: 4 }, () => 'CreateSession'));
    expect(warnings).toEqual([expect.stringMatching(/those before are kept: --private-key: .*leaf\.key/)]);
  });

  it('that change are noticed and lead to a renewal, without anybody calling', async () => {
    const sandbox = await start();
    const identity = install(await sandbox.ca.issueLeaf({ subject: 'CN=first' }));
    const credentials = refreshing(target(sandbox, { identity }));
    await credentials.get();
    credentials.keepFresh();
    install(await sandbox.ca.issueLeaf({ subject: 'CN=second' }));
    await until(() => sandbox.requests.length === 2);
    expect(sandbox.requests.at(-1)?.session?.tags['x509Subject/CN']).toBe('second');
  });

  it('with a password that was typed are opened anew without a question', async () => {
    const sandbox = await start();
    const encrypt = (leaf: { certificate: string; privateKey: string }): IdentitySource => {
      const privateKey = openssl(['pkcs8', '-topk8', '-passout', 'pass:secret'], leaf.privateKey).toString();
      return install({ ...leaf, privateKey });
    };
    const identity = encrypt(await sandbox.ca.issueLeaf());
    refreshable = refreshableCredentials(
      { targets: [target(sandbox, { identity })], failoverOnRefusal: false },
      context(['secret']),
    );
    await refreshable.get();
    encrypt(await sandbox.ca.issueLeaf());
    await refreshable.reload();
    expect(questions).toHaveLength(1);
    expect(operations(sandbox)).toEqual(['CreateSession', 'CreateSession']);
  });

  it('with a wrong password are left alone until a reload', async () => {
    const sandbox = await start();
    const leaf = await sandbox.ca.issueLeaf();
    const privateKey = openssl(['pkcs8', '-topk8', '-passout', 'pass:secret'], leaf.privateKey).toString();
    const identity = install({ ...leaf, privateKey });
    const answers = ['no', 'no', 'no'];
    refreshable = refreshableCredentials(
      { targets: [target(sandbox, { identity })], failoverOnRefusal: false },
      context(answers),
    );
    refreshable.keepFresh();
    const error = await rejectionOf(refreshable.get());
    expect(error.code).toBe('PASSWORD_WRONG');
    await clock.advance(24 * hour);
    expect(await rejectionOf(refreshable.get())).toBe(error);
    expect(questions).toHaveLength(3);

    answers.push('secret');
    await refreshable.reload();
    expect(operations(sandbox)).toEqual(['CreateSession']);
  });

  it('with a password that is being asked for are opened once more at a reload, when that was wrong', async () => {
    const sandbox = await start();
    const leaf = await sandbox.ca.issueLeaf();
    const privateKey = openssl(['pkcs8', '-topk8', '-passout', 'pass:secret'], leaf.privateKey).toString();
    const identity = install({ ...leaf, privateKey });
    let answer: (password: string) => void = () => undefined;
    const first = new Promise<string>((resolve) => (answer = resolve));
    const answers = [first, ...['no', 'no', 'secret'].map((password) => Promise.resolve(password))];
    const askSecret = (question: string): Promise<string | undefined> => {
      questions.push(question);
      return answers.shift() ?? Promise.resolve(undefined);
    };
    const plan = { targets: [target(sandbox, { identity })], failoverOnRefusal: false } as const;
    refreshable = refreshableCredentials(plan, { ...context(), askSecret });
    const underWay = rejectionOf(refreshable.get());
    await until(() => questions.length === 1);
    const reloaded = refreshable.reload();
    answer('no');
    expect((await underWay).code).toBe('PASSWORD_WRONG');
    await reloaded;
    expect(questions).toHaveLength(4);
    expect(operations(sandbox)).toEqual(['CreateSession']);
  });

  it('of the caller are used as they are, and left open', async () => {
    const sandbox = await start();
    const source = install(await sandbox.ca.issueLeaf());
    const opened = await openIdentity(source, context());
    let closes = 0;
    const identity = { ...opened, close: async () => void (closes += 1) };
    rmSync(join(folder, 'leaf.pem'));
    const credentials = refreshing(target(sandbox, { identity }));
    await credentials.get();
    await credentials.reload();
    await credentials.close();
    expect(operations(sandbox)).toEqual(['CreateSession', 'CreateSession']);
    expect(closes).toBe(0);
  });
});

describe('a chain of roles', () => {
  async function chain(): Promise<{ sandbox: Sandbox; credentials: RefreshableCredentials }> {
    const sandbox = await start({ roles: ['First'], profile: { durationSeconds: 3600 } });
    const second = sandbox.addRole('Second');
    const third = sandbox.addRole('Third');
    const hops = [
      { roleArn: second, durationSeconds: 3600 },
      { roleArn: third, durationSeconds: 900 },
    ];
    return { sandbox, credentials: refreshing(target(sandbox, {}, hops)) };
  }

  it('is renewed only where it expires', async () => {
    const { sandbox, credentials } = await chain();
    await credentials.get();
    await clock.advance(14 * minute + 30 * second);
    await credentials.get();
    expect(operations(sandbox)).toEqual(['CreateSession', 'AssumeRole', 'AssumeRole', 'AssumeRole']);
    expect(sandbox.requests.at(-1)?.session?.roleArn).toMatch(/Third$/);

    await clock.advance(40 * minute);
    await credentials.get();
    expect(operations(sandbox).slice(4)).toEqual(['CreateSession', 'AssumeRole', 'AssumeRole']);
  });

  it('goes on from where it failed', async () => {
    const { sandbox, credentials } = await chain();
    sandbox.failNext({ operation: 'AssumeRole', status: 503 });
    expect((await rejectionOf(credentials.get())).code).toBe('SERVICE_UNAVAILABLE');
    await clock.advance(second);
    await credentials.get();
    expect(operations(sandbox)).toEqual(['CreateSession', 'AssumeRole refused', 'AssumeRole', 'AssumeRole']);
  });

  it('goes on with the session that it has, when a renewal was called off in the pause between two attempts', async () => {
    const sandbox = await start({ roles: ['First'] });
    const { network } = chainRequest(sandbox, { hops: [], network: { maxAttempts: 2 } });
    const chained = target(sandbox, { network }, [{ roleArn: sandbox.addRole('Second') }]);
    let sleeps = 0;
    const sleep = (): Promise<void> => {
      sleeps += 1;
      return new Promise(() => undefined);
    };
    const credentials = refreshableCredentials(
      { targets: [chained], failoverOnRefusal: false },
      { ...context(), sleep },
    );
    refreshable = credentials;
    sandbox.failNext({ operation: 'AssumeRole', status: 503 });
    const controller = new AbortController();
    const waiting = credentials.get({ signal: controller.signal });
    await until(() => sleeps === 1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await clock.advance(5 * second);
    await credentials.get();
    expect(operations(sandbox)).toEqual(['CreateSession', 'AssumeRole refused', 'AssumeRole']);
  });

  it('begins anew after a refusal, and at a reload', async () => {
    const { sandbox, credentials } = await chain();
    sandbox.failNext({ operation: 'AssumeRole', status: 403, code: 'AccessDenied' });
    expect((await rejectionOf(credentials.get())).code).toBe('REFUSED_ASSUME_ROLE');
    await clock.advance(second);
    await credentials.get();
    await credentials.reload();
    const all = ['CreateSession', 'AssumeRole', 'AssumeRole'];
    expect(operations(sandbox)).toEqual(['CreateSession', 'AssumeRole refused', ...all, ...all]);
  });
});

describe('a chain of roles, while the renewal before still signs with the old certificate', () => {
  it.each<[string, (credentials: RefreshableCredentials, change: () => void) => Promise<unknown>]>([
    ['begins anew at a reload', (credentials) => credentials.reload()],
    ['begins anew when files have changed', async (_, change) => (change(), until(() => refreshed.length === 2))],
  ])('%s', async (_name, cause) => {
    const sandbox = await start({ roles: ['First'] });
    const opened = await openIdentity(install(await sandbox.ca.issueLeaf()), context());
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let isUsed = false;
    let change = (): void => undefined;
    const identity: ReloadingIdentity = {
      async use(action) {
        isUsed = true;
        await released;
        return action(opened);
      },
      reload: () => undefined,
      onChange(callback) {
        change = callback;
        return () => undefined;
      },
      close: () => opened.close(),
    };
    const credentials = refreshing(target(sandbox, { identity }, [{ roleArn: sandbox.addRole('Second') }]));
    credentials.keepFresh();
    const before = credentials.get();
    await until(() => isUsed);
    const after = cause(credentials, change);
    release();
    await Promise.all([before, after]);
    expect(operations(sandbox)).toEqual(['CreateSession', 'AssumeRole', 'CreateSession', 'AssumeRole']);
  });
});

describe('a key that takes longer to open than a renewal may take', () => {
  it('signs for the renewal that still waits, and for none that was given up', async () => {
    const sandbox = await start();
    const opened = await openIdentity(install(await sandbox.ca.issueLeaf()), context());
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let [uses, signatures] = [0, 0];
    const { signer } = opened;
    const sign: typeof signer.sign = (message, digest) => {
      signatures += 1;
      return signer.sign(message, digest);
    };
    const identity: ReloadingIdentity = {
      async use(action) {
        uses += 1;
        await released;
        return action({ ...opened, signer: { ...signer, sign } });
      },
      reload: () => undefined,
      onChange: () => () => undefined,
      close: () => opened.close(),
    };
    const credentials = refreshing(target(sandbox, { identity }));
    for (const nth of [1, 2]) {
      const givenUp = rejectionOf(credentials.get());
      await until(() => uses === nth);
      await clock.advance(hour);
      await givenUp;
    }
    const last = credentials.get();
    await until(() => uses === 3);
    release();
    await last;
    expect([signatures, operations(sandbox)]).toEqual([1, ['CreateSession']]);
  });
});

describe('several targets', () => {
  it('serve one after the other, and the first one again when it is back', async () => {
    const [east, west] = [await start({ region: 'us-east-1' }), await start({ region: 'us-west-2' })];
    const credentials = refreshing(target(east), target(west));
    expect((await credentials.get()).target).toBe('us-east-1');

    east.failNext({ status: 503 });
    await credentials.reload();
    expect((await credentials.get()).target).toBe('us-west-2');
    expect(west.requests).toHaveLength(1);
    await clock.advance(second);
    expect((await credentials.get({ forceRefresh: true })).target).toBe('us-west-2');

    await clock.advance(minute);
    expect((await credentials.get({ forceRefresh: true })).target).toBe('us-east-1');
    expect(failedOver.map((event) => `${event.kind} ${event.target}`)).toEqual([
      'target-served us-east-1',
      'target-failed us-east-1',
      'target-served us-west-2',
      'target-served us-west-2',
      'target-served us-east-1',
    ]);
  });

  it('serve when the first one does not even listen', async () => {
    const [east, west] = [await start({ region: 'us-east-1' }), await start({ region: 'us-west-2' })];
    const credentials = refreshing(target(east), target(west));
    await east.close();
    // Its key files went with it.
    expect(west.requests).toHaveLength(0);
    const { certificatePath, privateKeyPath } = west;
    copyFileSync(certificatePath, join(folder, 'east.pem'));
    copyFileSync(privateKeyPath, join(folder, 'east.key'));
    await credentials.close();

    const identity: IdentitySource = {
      certificate: { option: '--certificate', kind: 'file', path: join(folder, 'east.pem') },
      privateKey: { option: '--private-key', kind: 'file', path: join(folder, 'east.key') },
    };
    expect((await refreshing(target(east, { identity }), target(west)).get()).target).toBe('us-west-2');
    expect(failedOver).toMatchObject([{ kind: 'target-failed', error: { code: 'NETWORK_UNREACHABLE' } }, {}]);
  });

  it('do not serve after a refusal', async () => {
    const [east, west] = [await start({ region: 'us-east-1' }), await start({ region: 'us-west-2' })];
    east.disable(east.trustAnchorArn);
    expect((await rejectionOf(refreshing(target(east), target(west)).get())).code).toMatch(/^REFUSED_/);
    expect(west.requests).toEqual([]);
  });

  it('with one identity ask for its password once', async () => {
    const leaf = await (await start()).ca.issueLeaf();
    const privateKey = openssl(['pkcs8', '-topk8', '-passout', 'pass:secret'], leaf.privateKey).toString();
    const identity = install({ ...leaf, privateKey });
    const [east, west] = [await start({ region: 'us-east-1' }), await start({ region: 'us-west-2' })];
    for (const sandbox of [east, west]) sandbox.failNext({ status: 503 });
    refreshable = refreshableCredentials(
      { targets: [target(east, { identity }), target(west, { identity })], failoverOnRefusal: false },
      context(['secret']),
    );
    const error = await rejectionOf(refreshable.get());
    expect(error.code).toBe('SERVICE_UNAVAILABLE');
    expect(error.hints).toContainEqual(expect.stringMatching(/^us-west-2 did not serve either: /));
    expect(questions).toHaveLength(1);
  });
});

it('after close there is nothing, and nothing is left open', async () => {
  const sandbox = await start();
  const credentials = refreshing(target(sandbox));
  await credentials.get();
  credentials.keepFresh();
  await credentials.close();
  await expect(credentials.get()).rejects.toMatchObject({ name: 'AbortError' });
  await clock.advance(2 * hour);
  expect(sandbox.requests).toHaveLength(1);
});

describe('close ends a renewal', () => {
  /** Takes connections and never says a word; what comes in has begun a request. */
  async function silentServer() {
    const sockets = new Set<Socket>();
    let received = 0;
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('data', () => (received += 1));
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens nowhere');
    onTestFinished(() => void server.close());
    return { port: address.port, sockets, received: () => received };
  }

  /** What a caller that waits gets, and how long closing takes. */
  async function closedBefore(waiting: Promise<unknown>): Promise<{ outcome: string; milliseconds: number }> {
    const outcome = waiting.then(() => 'credentials', String);
    const started = performance.now();
    await refreshable?.close();
    return { outcome: await outcome, milliseconds: performance.now() - started };
  }

  function expectEnd({ outcome, milliseconds }: { outcome: string; milliseconds: number }): void {
    expect(outcome).toMatch(/^AbortError: the credentials were closed/);
    expect(milliseconds).toBeLessThan(20_000);
  }

  it.each(['http', 'https'])('that waits for a service over %s: its connection is dropped', async (scheme) => {
    const { port, sockets, received } = await silentServer();
    const sandbox = await start();
    const { endpoint, network } = chainRequest(sandbox, { hops: [] });
    const custom = { url: `${scheme}://127.0.0.1:${port}`, option: '--endpoint' };
    const patient = { ...network, maxAttempts: 3, requestTimeout: 600_000, connectTimeout: 600_000 };
    const waiting = refreshing(target(sandbox, { endpoint: { ...endpoint, custom }, network: patient })).get();
    await until(() => received() > 0);
    expectEnd(await closedBefore(waiting));
    await until(() => sockets.size === 0);
  });

  it('that waits for a role: the connection to STS is dropped', async () => {
    const { port, sockets, received } = await silentServer();
    const sandbox = await start({ roles: ['First'] });
    const { endpoint: _, ...sts } = chainRequest(sandbox, { hops: [] }).sts ?? { fips: false, dualStack: false };
    const endpoint = { url: `http://127.0.0.1:${port}`, option: '--sts-endpoint' };
    const { network } = chainRequest(sandbox, { hops: [], network: { requestTimeout: 600_000 } });
    const hops = [{ roleArn: sandbox.addRole('Second') }];
    const waiting = refreshing(target(sandbox, { sts: { ...sts, endpoint }, network }, hops)).get();
    await until(() => received() > 0);
    expectEnd(await closedBefore(waiting));
    await until(() => sockets.size === 0);
  });

  it('that waits for a signer', async () => {
    const sandbox = await start();
    const opened = await openIdentity(install(await sandbox.ca.issueLeaf()), context());
    let isAsked = false;
    const sign = (): Promise<never> => {
      isAsked = true;
      return new Promise(() => undefined);
    };
    const waiting = refreshing(target(sandbox, { identity: { ...opened, signer: { ...opened.signer, sign } } })).get();
    await until(() => isAsked);
    expectEnd(await closedBefore(waiting));
  });

  it('that waits for a password', async () => {
    const sandbox = await start();
    const leaf = await sandbox.ca.issueLeaf();
    const privateKey = openssl(['pkcs8', '-topk8', '-passout', 'pass:secret'], leaf.privateKey).toString();
    const identity = install({ ...leaf, privateKey });
    let isAsked = false;
    const askSecret = (): Promise<never> => {
      isAsked = true;
      return new Promise(() => undefined);
    };
    const plan = { targets: [target(sandbox, { identity })], failoverOnRefusal: false } as const;
    refreshable = refreshableCredentials(plan, { ...context(), askSecret });
    const waiting = refreshable.get();
    await until(() => isAsked);
    expectEnd(await closedBefore(waiting));
  });
});
