import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { ask, askImds, imdsToken, rolesPath } from '../support/ask-server.ts';
import { runCommand } from '../support/command.ts';
import { openNotifySocket } from '../support/notify-socket.ts';
import { needs } from '../support/programs.ts';
import { type RunningCommand, type RunningSettings, startCommand } from '../support/running-command.ts';
import { type SandboxConfig, sandboxConfig } from '../support/sandbox-config.ts';

let sandbox: Sandbox;
let config: SandboxConfig;
const running: RunningCommand[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['Worker', 'Keeper'] });
});
afterAll(() => sandbox.close());

beforeEach(() => {
  config = sandboxConfig(sandbox);
  config.write('on-prem');
  config.write('backup', { roles_anywhere_role_arn: sandbox.roleArn.replace('Worker', 'Keeper') });
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop('SIGKILL');
  config.remove();
});

function start(args: readonly string[], { env = {}, ...settings }: RunningSettings = {}): RunningCommand {
  const command = startCommand(['serve', ...args], { env: { ...config.env, ...env }, ...settings });
  running.push(command);
  return command;
}

async function urlOf(command: RunningCommand): Promise<string> {
  return (await command.said(/listening on (http:\S+)/))[1] ?? '';
}

const onPrem = ['--from-profile', 'on-prem', '--port', '0'];

describe('in place of the official helper', () => {
  test('its flags, its line to copy, its routes', async () => {
    const command = start([
      ...['--certificate', sandbox.certificatePath, '--private-key', sandbox.privateKeyPath, '--hop-limit', '2'],
      ...['--trust-anchor-arn', sandbox.trustAnchorArn, '--profile-arn', sandbox.profileArn, '--port', '0'],
      ...['--role-arn', sandbox.roleArn, '--endpoint', sandbox.endpoint, '--session-duration', '900'],
    ]);
    const [, endpoint = ''] = await command.said(
      /export AWS_EC2_METADATA_SERVICE_ENDPOINT=(http:\/\/127\.0\.0\.1:\d+\/)\n/,
    );
    expect((await askImds(endpoint, `/${rolesPath}`)).body).toBe('Worker');
    expect(JSON.parse((await askImds(endpoint, `${rolesPath}Worker`)).body)).toMatchObject({ Code: 'Success' });
    expect((await ask(endpoint, '/credentials')).status).toBe(404);
    expect(command.stderr()).not.toMatch(/ warn /);
    expect(await command.stop()).toEqual({ status: 0, signal: null });
    expect(command.stdout()).toBe('');
  });

  test('port 9911 when nothing else is said', async () => {
    expect((await runCommand(['serve', '--help'])).stdout).toMatch(/--port NUMBER[^-]*9911/);
  });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it, with status 0, also with connections open', async (signal) => {
    const command = start(onPrem);
    const url = await urlOf(command);
    await imdsToken(url);
    const waiting = fetch(`${url}/healthz`, { headers: { connection: 'keep-alive' } });
    expect((await waiting).status).toBe(200);
    expect(await command.stop(signal)).toEqual({ status: 0, signal: null });
    await expect(ask(url, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('SIGTERM while the first credentials are awaited', async () => {
    const silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const asked = once(silent, 'connection') as Promise<[Socket]>;
    const command = start([...onPrem, '--endpoint', `http://127.0.0.1:${port}`]);
    const [socket] = await asked;
    expect(await command.stop()).toEqual({ status: 0, signal: null });
    socket.destroy();
    silent.close();
  });

  test('SIGHUP takes over certificate, key and profile, and what cannot be used leaves things as they were', async () => {
    const command = start(onPrem);
    const url = await urlOf(command);
    const leaf = await sandbox.ca.issueLeaf({ keyType: 'P-384' });
    const [certificate, key] = [join(config.folder, 'new.pem'), join(config.folder, 'new.key')];
    writeFileSync(certificate, leaf.certificate);
    writeFileSync(key, leaf.privateKey, { mode: 0o600 });
    config.write('on-prem', {
      roles_anywhere_role_arn: sandbox.roleArn.replace('Worker', 'Keeper'),
      roles_anywhere_certificate: certificate,
      roles_anywhere_private_key: key,
    });
    command.child.kill('SIGHUP');
    await command.said(/ info {2}reloaded\n/);
    expect((await askImds(url, rolesPath)).body).toBe('Keeper');

    config.write('on-prem', { roles_anywhere_role_arn: 'arn:of:nothing' });
    command.child.kill('SIGHUP');
    await command.said(/ error reload failed, what was there stays: .* code=ARN_INVALID\n/);
    expect((await askImds(url, `${rolesPath}Keeper`)).status).toBe(200);
    expect(await command.stop()).toEqual({ status: 0, signal: null });
  });
});

test('several profiles, a token file, a socket, health on an address of its own, JSON', async () => {
  const token = join(config.folder, 'token');
  const socket = join(config.folder, 'socket');
  const command = start([
    ...['--from-profile', 'on-prem,backup', '--port', '0', '--listen', '127.0.0.1', '--listen', socket],
    ...['--token-file', token, '--admin-listen', '127.0.0.1', '--log-format', 'json'],
  ]);
  await command.said(/AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE/);
  const lines = command
    .stderr()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  const [url = '', path = '', admin = ''] = lines
    .map(({ message }) => /^listening on (.*)$/.exec(message ?? '')?.[1])
    .filter((name) => name !== undefined);
  expect(path).toBe(socket);
  expect(statSync(token).mode & 0o777).toBe(0o600);
  const renewed = lines.filter(({ message }) => message === 'credentials renewed');
  expect(new Set(renewed.map(({ profile, role }) => `${profile} ${role}`))).toEqual(
    new Set(['on-prem Worker', 'backup Keeper']),
  );
  const headers = { Authorization: readFileSync(token, 'utf8') };
  expect((await askImds(url, rolesPath)).body).toBe('Worker');
  const bodies = await Promise.all(
    ['', '/on-prem', '/backup'].map(async (name) => (await ask(url, `/credentials${name}`, { headers })).body),
  );
  expect(bodies[0]).toBe(bodies[1]);
  expect(bodies[2]).not.toBe(bodies[1]);
  expect((await ask(admin, '/readyz')).status).toBe(200);
  expect((await ask(url, '/readyz')).status).toBe(404);
  await command.stop();
  expect(existsSync(socket)).toBe(false);
});

describe('what keeps it from starting', () => {
  test.each([
    ['an address that others reach', ['--listen', '0.0.0.0:0'], 2, 'listening on 0.0.0.0 needs --token-file'],
    ['an address that is none', ['--listen', 'here'], 2, '--listen: here is no address to listen on'],
    ['a user that is none', ['--allow-uid', 'root'], 2, '--allow-uid'],
    ['a mode that is none', ['--socket-mode', '999'], 2, '--socket-mode must be three octal digits'],
    ['a token that cannot be made', ['--token-file', '/dev/null/token'], 6, 'cannot make /dev/null/token: ENOTDIR'],
    ['a level that is none', ['--log-level', 'loud'], 2, '--log-level must be one of debug, info, warn, error'],
  ] as const)('%s', async (_name, args, status, message) => {
    const result = await runCommand(['serve', ...onPrem, ...args], { env: config.env });
    expect(result.stderr).toContain(message);
    expect([result.status, result.stdout]).toEqual([status, '']);
  });

  test('a refusal', async () => {
    sandbox.failNext({ status: 403 });
    const result = await runCommand(['serve', ...onPrem], { env: config.env });
    expect(result.stderr).toMatch(/^roles-anywhere: /m);
    expect([result.status, result.stdout]).toEqual([4, '']);
  });

  test('a port that is taken', async () => {
    const port = new URL(await urlOf(start(onPrem))).port;
    const result = await runCommand(['serve', '--from-profile', 'on-prem', '--port', port], { env: config.env });
    expect(result.stderr).toContain(`roles-anywhere: cannot listen on 127.0.0.1 port ${port}: EADDRINUSE`);
    expect(result.status).toBe(6);
  });

  test('not with --wait', async () => {
    sandbox.failNext({ status: 403, times: 2 });
    const command = start([...onPrem, '--wait']);
    const url = await urlOf(command);
    await command.said(/error renewal failed: /);
    await command.said(/info {2}credentials renewed/);
    expect((await askImds(url, `${rolesPath}Worker`)).status).toBe(200);
  });
});

test('nothing secret shows, with --debug either', async () => {
  const token = join(config.folder, 'token');
  const command = start([...onPrem, '--debug', '--token-file', token]);
  const url = await urlOf(command);
  const session = await imdsToken(url);
  const { body } = await ask(url, `${rolesPath}Worker`, { headers: { 'X-aws-ec2-metadata-token': session } });
  await command.stop();
  const { SecretAccessKey, Token } = JSON.parse(body) as Record<string, string>;
  expect(command.stderr()).toMatch(/ debug request method=GET route=imds-credentials status=200/);
  expect(command.stderr()).toMatch(/ debug attempt 1: status 201/);
  for (const secret of [SecretAccessKey, Token, session, readFileSync(token, 'utf8'), 'PRIVATE KEY']) {
    expect(secret).toBeTruthy();
    expect(command.stderr()).not.toContain(secret);
  }
});

describe('under systemd', needs('systemd-socket-activate'), () => {
  test('takes the sockets that are handed over', async () => {
    const [path, admin] = [join(config.folder, 'handed'), join(config.folder, 'admin')];
    const wrapper = ['systemd-socket-activate', `--listen=${path}`, `--listen=${admin}`, '--fdname=credentials:admin'];
    const env = { ROLES_ANYWHERE_TOKEN_FILE: join(config.folder, 'token') };
    const handed = { ...config.env, ...env };
    const names = Object.keys(handed).map((name) => `--setenv=${name}`);
    start(['--from-profile', 'on-prem'], { wrapper: [...wrapper, ...names], env });
    await expect.poll(() => existsSync(admin), { timeout: 20_000 }).toBe(true);
    // The first connection starts it, and is answered once there are credentials.
    expect(await overSocket(path, '/credentials', () => readFileSync(env.ROLES_ANYWHERE_TOKEN_FILE, 'utf8'))).toBe(401);
    const token = () => readFileSync(env.ROLES_ANYWHERE_TOKEN_FILE, 'utf8');
    expect(await overSocket(path, '/credentials', token)).toBe(200);
    expect(await overSocket(admin, '/readyz', token)).toBe(200);
    expect(await overSocket(path, '/readyz', token)).toBe(404);
  });

  test('says that it is ready, alive, reloading and stopping', async () => {
    const manager = await openNotifySocket();
    try {
      const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '400000' };
      const command = start(onPrem, { env });
      await expect.poll(() => manager.heard(), { timeout: 20_000 }).toContain('READY=1 STATUS=serving');
      await expect
        .poll(() => manager.heard().filter((text) => text === 'WATCHDOG=1').length, { timeout: 20_000 })
        .toBeGreaterThan(1);
      command.child.kill('SIGHUP');
      await expect.poll(() => manager.heard(), { timeout: 20_000 }).toContain('READY=1');
      expect(manager.heard().some((text) => /^RELOADING=1 MONOTONIC_USEC=\d+$/.test(text))).toBe(true);
      expect(await command.stop()).toEqual({ status: 0, signal: null });
      await expect.poll(() => manager.heard()).toContain('STOPPING=1');
    } finally {
      manager.close();
    }
  });
});

/** Status of an answer over a Unix socket; the token is read when it is there. */
async function overSocket(socketPath: string, path: string, token: () => string): Promise<number | undefined> {
  const { request } = await import('node:http');
  const authorization = existsSync(join(config.folder, 'token')) ? token() : 'none';
  return new Promise((settle, fail) => {
    request(
      { socketPath, path, headers: { Host: 'localhost', Authorization: authorization }, agent: false },
      (response) => {
        response.resume();
        settle(response.statusCode);
      },
    )
      .once('error', fail)
      .end();
  });
}
