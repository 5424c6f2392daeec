import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandResult, type CommandSettings, runCommand } from '../support/command.ts';
import { startCommand } from '../support/running-command.ts';

let home: string;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});

afterAll(async () => {
  await sandbox.close();
  rmSync(home, { recursive: true, force: true });
});

beforeEach(() => {
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
  home = mkdtempSync(join(tmpdir(), 'roles-anywhere-cache-'));
});

const folder = (): string => join(home, '.aws', 'roles-anywhere', 'cache');
const entryPath = (): string => join(folder(), readdirSync(folder()).find((name) => name.endsWith('.json')) ?? 'none');

function options(changes: Readonly<Record<string, string>> = {}): string[] {
  const all = {
    certificate: sandbox.certificatePath,
    'private-key': sandbox.privateKeyPath,
    'trust-anchor-arn': sandbox.trustAnchorArn,
    'profile-arn': sandbox.profileArn,
    'role-arn': sandbox.roleArn,
    endpoint: sandbox.endpoint,
    ...changes,
  };
  return ['credential-process', '--cache', ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])];
}

function run(args: readonly string[] = options(), settings: CommandSettings = {}): Promise<CommandResult> {
  return runCommand(args, { ...settings, env: { HOME: home, ...settings.env } });
}

/** Runs it, and tells how many sessions were made on the way. */
async function counting<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly sessions: number }> {
  const before = sandbox.requests.length;
  const result = await work();
  return {
    result,
    sessions: sandbox.requests.slice(before).filter(({ operation }) => operation === 'CreateSession').length,
  };
}

async function secretsOf(result: CommandResult): Promise<readonly string[]> {
  expect(result).toMatchObject({ status: 0, stderr: '' });
  const document = JSON.parse(result.stdout) as Record<string, string>;
  return ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map((name) => document[name] ?? '');
}

test('the second call has what the first one had, without asking', async () => {
  const first = await counting(run);
  const second = await counting(run);
  expect([first.sessions, second.sessions]).toEqual([1, 0]);
  expect(first.result).toMatchObject({ status: 0, stderr: '' });
  expect(second.result).toEqual(first.result);
});

test('without --cache nothing is kept', async () => {
  const { result } = await counting(() => run(options().filter((argument) => argument !== '--cache')));
  expect(result.status).toBe(0);
  expect(readdirSync(home)).toEqual([]);
});

test('with --debug each call says what the cache had', async () => {
  const [miss, hit] = [await run([...options(), '--debug']), await run([...options(), '--debug'])];
  const line = (what: string): string => `debug: cache: ${entryPath()} holds ${what}\n`;
  expect(miss.stderr).toContain(line('no fresh credentials'));
  expect(hit.stderr).toContain(line('fresh credentials'));
  const secrets = await secretsOf({ ...hit, stderr: '' });
  for (const secret of secrets) expect(hit.stderr).not.toContain(secret);
});

test('environment and profile turn it on as well', async () => {
  mkdirSync(join(home, '.aws'));
  const settings = options().slice(2);
  const keys = settings.flatMap((flag, at) =>
    at % 2 === 0 ? [`roles_anywhere_${flag.slice(2).replaceAll('-', '_')} = ${settings[at + 1]}`] : [],
  );
  const place = join(home, 'elsewhere');
  writeFileSync(
    join(home, '.aws', 'config'),
    ['[profile on-prem]', ...keys, 'roles_anywhere_cache = true', `roles_anywhere_cache_dir = ${place}`, ''].join('\n'),
  );
  const profile = await run(['credential-process', '--from-profile', 'on-prem']);
  expect(profile).toMatchObject({ status: 0, stderr: '' });
  const environment = { ROLES_ANYWHERE_CACHE: '1', ROLES_ANYWHERE_CACHE_DIR: place };
  const again = await run(
    options().filter((argument) => argument !== '--cache'),
    { env: environment },
  );
  expect(again).toEqual(profile);
  expect(readdirSync(place)).toHaveLength(1);
});

test('a hundred processes at once make one session', async () => {
  const { result, sessions } = await counting(() => Promise.all(Array.from({ length: 100 }, () => run())));
  for (const each of result) expect(each).toMatchObject({ status: 0, stderr: '' });
  expect(sessions).toBe(1);
  expect(new Set(result.map(({ stdout }) => stdout)).size).toBe(1);
  expect(readdirSync(folder())).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
});

test('folder, its parents and the entry are for this user alone', async () => {
  await run();
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  expect([folder(), join(folder(), '..'), join(home, '.aws')].map(modeOf)).toEqual([0o700, 0o700, 0o700]);
  expect(modeOf(entryPath())).toBe(0o600);
});

test('nothing secret stands in the entry', async () => {
  const secrets = await secretsOf(await run());
  const text = readFileSync(entryPath(), 'utf8');
  const { content, role, target } = JSON.parse(text) as Record<string, string>;
  const forms = [text, Buffer.from(content ?? '', 'base64').toString('latin1')];
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10);
    for (const form of forms) expect(form).not.toContain(secret);
  }
  expect([role, target]).toEqual([sandbox.roleArn, sandbox.trustAnchorArn]);
});

describe('an entry that is not what it should be is replaced:', () => {
  test.each<[name: string, spoil: (path: string) => void]>([
    ['empty', (path) => truncateSync(path)],
    ['truncated', (path) => truncateSync(path, statSync(path).size - 40)],
    ['damaged', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/.{9}"}/, 'AAAAAAAAA"}'))],
    ['of another role', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(':role/', ':role/other-'))],
    ['later by its clear part', (path) => writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"20', '"21'))],
    ['the notes of somebody', (path) => writeFileSync(path, 'milk, eggs')],
    ['JSON, but no entry', (path) => writeFileSync(path, '[null]')],
    ['huge', (path) => writeFileSync(path, Buffer.alloc(3_000_000, 0x20))],
  ])('%s', async (_name, spoil) => {
    const first = await run();
    spoil(entryPath());
    const second = await counting(run);
    expect(second).toMatchObject({ sessions: 1, result: { status: 0, stderr: '' } });
    expect(second.result.stdout).not.toBe(first.stdout);
    expect(await counting(run)).toEqual({ sessions: 0, result: second.result });
  });

  test('of another certificate, under this name', async () => {
    await run();
    const place = entryPath();
    const moved = join(home, 'moved');
    renameSync(place, moved);
    await run(options({ 'session-duration': '900' }));
    const other = entryPath();
    renameSync(other, place);
    expect(await counting(run)).toMatchObject({ sessions: 1, result: { status: 0, stderr: '' } });
  });
});

test('another key file does not open the entry, and another certificate has another one', async () => {
  const [certificate, key] = [join(home, 'leaf.pem'), join(home, 'leaf.key')];
  copyFileSync(sandbox.certificatePath, certificate);
  copyFileSync(sandbox.privateKeyPath, key);
  chmodSync(key, 0o600);
  const args = options({ certificate, 'private-key': key });
  expect((await counting(() => run(args))).sessions).toBe(1);

  appendFileSync(key, '\n');
  expect(await counting(() => run(args))).toMatchObject({ sessions: 1, result: { status: 0 } });
  expect(readdirSync(folder())).toHaveLength(1);
  expect((await counting(() => run(args))).sessions).toBe(0);

  const leaf = await sandbox.ca.issueLeaf();
  writeFileSync(certificate, leaf.certificate);
  writeFileSync(key, leaf.privateKey);
  expect(await counting(() => run(args))).toMatchObject({ sessions: 1, result: { status: 0, stderr: '' } });
  expect(readdirSync(folder())).toHaveLength(2);
});

describe('where others could', () => {
  const refused = (path: string, what: string) => ({
    status: 6,
    stdout: '',
    stderr: expect.stringContaining(`roles-anywhere: --cache-dir: ${path} ${what}`) as string,
  });

  test('read the folder, it is refused', async () => {
    await run();
    chmodSync(folder(), 0o750);
    const { result, sessions } = await counting(run);
    expect(sessions).toBe(0);
    expect(result).toMatchObject(refused(folder(), 'gives permissions to others (mode 0750)'));
    expect(result.stderr).toContain(`hint: if it is yours, chmod 700 ${folder()}`);
  });

  test('read or write the entry, it is refused', async () => {
    await run();
    chmodSync(entryPath(), 0o620);
    expect(await run()).toMatchObject(refused(entryPath(), 'gives permissions to others (mode 0620)'));
  });

  test('have put a link in its place, it is refused', async () => {
    await run();
    const place = entryPath();
    renameSync(place, join(home, 'real.json'));
    symlinkSync(join(home, 'real.json'), place);
    expect(await run()).toMatchObject(refused(place, 'is a symbolic link'));
  });

  test('have put a folder in its place, it is refused', async () => {
    await run();
    const place = entryPath();
    rmSync(place);
    mkdirSync(place, { mode: 0o700 });
    expect(await run()).toMatchObject(refused(place, 'is no file'));
  });
});

describe('a cache that cannot be written', () => {
  const shown = { env: { ROLES_ANYWHERE_WARNINGS: 'stderr' } };

  test('below a file: the credentials come all the same, with a warning', async () => {
    const path = join(sandbox.certificatePath, 'cache');
    const { result } = await counting(() => run(options({ 'cache-dir': path }), shown));
    expect(result.status).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1 });
    expect(result.stderr).toBe(
      `roles-anywhere: warning: --cache-dir: the credentials are not kept, as ${path} cannot be written: ENOTDIR\n`,
    );
  });

  test('for the disk is full: the same, and nothing is left half written', async () => {
    const preload = join(home, 'full.cjs');
    writeFileSync(
      preload,
      `const fs = require('node:fs');
       fs.fsync = (fd, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'fsync' }));`,
    );
    const result = await run(options(), { nodeOptions: ['--require', preload], ...shown });
    expect(result).toMatchObject({ status: 0, stderr: expect.stringContaining('cannot be written: ENOSPC') as string });
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1 });
    expect(readdirSync(folder())).toEqual([]);
  });
});

describe('certificate and key that can be read once', () => {
  test('from stdin', async () => {
    const input = sandbox.certificate + sandbox.privateKey;
    const args = options({ certificate: '-', 'private-key': '-' });
    const first = await counting(() => run(args, { input }));
    expect(first).toMatchObject({ sessions: 1, result: { status: 0, stderr: '' } });
    expect(await counting(() => run(args, { input }))).toEqual({ sessions: 0, result: first.result });
    const other = await sandbox.ca.issueLeaf();
    const changed = await counting(() => run(args, { input: other.certificate + other.privateKey }));
    expect(changed).toMatchObject({ sessions: 1, result: { status: 0, stderr: '' } });
  });

  test('from the environment', async () => {
    const env = { CERT: sandbox.certificate, KEY: sandbox.privateKey };
    const args = options({ certificate: 'env:CERT', 'private-key': 'env:KEY' });
    const first = await counting(() => run(args, { env }));
    expect(await counting(() => run(args, { env }))).toEqual({ sessions: 0, result: first.result });
  });
});

/** The file operations of a renewal: before any of them, and after the last, the process may be killed. */
const operations = ['mkdirSync', 'openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync', 'unlinkSync'];

describe('killing the process that renews', () => {
  test('before any of its file operations loses nothing and holds up nobody', async () => {
    const preload = join(home, 'killer.cjs');
    writeFileSync(
      preload,
      `const fs = require('node:fs');
       let left = Number(process.env.KILL_BEFORE);
       for (const name of ${JSON.stringify(operations)}) {
         const real = fs[name];
         fs[name] = (...args) => {
           const isOfCache = typeof args[0] === 'number' || String(args[0]).includes('cache');
           if (isOfCache && --left === 0) process.kill(process.pid, 'SIGKILL');
           return real(...args);
         };
       }`,
    );
    let killed = 0;
    for (let at = 1; ; at += 1) {
      rmSync(folder(), { recursive: true, force: true });
      const victim = await run(options(), { nodeOptions: ['--require', preload], env: { KILL_BEFORE: String(at) } });
      if (victim.status === 0) break;
      killed += 1;
      const start = performance.now();
      const { result, sessions } = await counting(run);
      expect(result).toMatchObject({ status: 0, stderr: '' });
      expect(sessions).toBeLessThanOrEqual(1);
      // Far below the bound of the lock: a holder that has ended is noticed by its number.
      expect(performance.now() - start).toBeLessThan(15_000);
      expect(await counting(run)).toEqual({ sessions: 0, result });
      const cleared = await run(['cache', 'clear']);
      expect(cleared).toMatchObject({ status: 0, stderr: '' });
      expect(readdirSync(folder())).toEqual([]);
    }
    expect(killed).toBeGreaterThan(12);
  });

  test('while the service takes its time: one of those that wait takes over', async () => {
    const slow = await slowAtFirst();
    const given = options({ endpoint: slow.url });
    const seen = sandbox.requests.length;
    const victim = startCommand(given, { env: { HOME: home } });
    await slow.asked;
    const waiting = Promise.all(Array.from({ length: 8 }, () => run(given)));
    const watched = startCommand([...given, '--debug'], { env: { HOME: home } });
    await watched.said(/another process renews the credentials, and this one waits for them/);
    expect(await victim.stop('SIGKILL')).toEqual({ status: null, signal: 'SIGKILL' });
    const [first, ...others] = await waiting;
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(others).toEqual(others.map(() => first));
    expect([await watched.ended, watched.stdout()]).toEqual([{ status: 0, signal: null }, first?.stdout]);
    expect(sandbox.requests.slice(seen).filter(({ accepted }) => accepted)).toHaveLength(1);
    slow.close();
  });
});

/** A way to the sandbox that never answers the first request. */
async function slowAtFirst(): Promise<{ url: string; asked: Promise<unknown>; close(): void }> {
  const server = createServer();
  const pass = (incoming: IncomingMessage, answer: ServerResponse): void => {
    const { method, url: path, headers } = incoming;
    const onward = request(sandbox.endpoint, { method, path, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    incoming.pipe(onward);
  };
  const asked = once(server, 'request');
  server.once('request', () => server.on('request', pass));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

describe('cache list and cache clear', () => {
  test('tell and remove what is there, and nothing of others', async () => {
    await run();
    await run(options({ 'session-duration': '900' }));
    writeFileSync(join(folder(), 'notes.txt'), 'mine');
    const secrets = (await secretsOf(await run())).map((secret) => secret.slice(0, 12));

    const listed = await run(['cache', 'list', '--json']);
    expect(listed).toMatchObject({ status: 0, stderr: '' });
    const entries = JSON.parse(listed.stdout) as Record<string, unknown>[];
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatchObject({
      role: sandbox.roleArn,
      target: sandbox.trustAnchorArn,
      state: 'valid',
      encrypted: true,
    });
    for (const secret of secrets) expect(listed.stdout).not.toContain(secret);

    const table = await run(['cache', 'list']);
    expect(table.stdout).toContain(sandbox.roleArn);
    expect(table.stdout.trimEnd().split('\n')).toHaveLength(3);

    expect(await run(['cache', 'clear'])).toMatchObject({ status: 0, stdout: 'removed 2 entries\n', stderr: '' });
    expect(readdirSync(folder())).toEqual(['notes.txt']);
    expect(await run(['cache', 'list'])).toMatchObject({ status: 0, stdout: '' });
    expect(await run(['cache', 'list', '--json'])).toMatchObject({ status: 0, stdout: '[]\n' });
  });

  test('refuse a folder that others can read', async () => {
    await run();
    chmodSync(folder(), 0o755);
    expect(await run(['cache', 'list'])).toMatchObject({ status: 6, stdout: '' });
    expect(await run(['cache', 'clear'])).toMatchObject({ status: 6, stdout: '' });
  });

  test('need to be told which', async () => {
    expect(await run(['cache'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('cache takes one of list, clear') as string,
    });
    expect(await run(['cache', 'list', 'clear'])).toMatchObject({ status: 2 });
  });
});
