import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandSettings, needsNode, runCommand } from '../support/command.ts';
import { loopbackOnly, needsAwsCli } from '../support/aws-clients.ts';
import { startCommand } from '../support/running-command.ts';
import { sandboxConfig } from '../support/sandbox-config.ts';
import { shortSessions } from '../support/short-sessions.ts';

let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-exec-'));
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const exec = (args: readonly string[], settings: CommandSettings = {}) =>
  runCommand(['exec', ...args], { ...settings, env: { ...sandbox.environment, ...settings.env } });
const node = (script: string, ...args: readonly string[]) => [process.execPath, '-e', script, ...args];
const printEnvironment = node('console.log(JSON.stringify(process.env))');

async function environmentOf(args: readonly string[], settings: CommandSettings = {}): Promise<Record<string, string>> {
  const { status, stdout, stderr } = await exec([...args, '--', ...printEnvironment], settings);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, string>;
}

describe('the environment of the program', () => {
  test('has the credentials as SDKs read them', async () => {
    expect(await environmentOf([])).toMatchObject({
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/) as string,
      AWS_SECRET_ACCESS_KEY: expect.stringMatching(/^[\w/+]{40}$/) as string,
      AWS_SESSION_TOKEN: expect.stringContaining('RolesAnywhereSandbox') as string,
      AWS_CREDENTIAL_EXPIRATION: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      AWS_ACCOUNT_ID: sandbox.accountId,
      AWS_REGION: sandbox.region,
      AWS_DEFAULT_REGION: sandbox.region,
    });
  });

  test('has nothing that leads to other credentials, and nothing of ours', async () => {
    const stale = {
      AWS_PROFILE: 'other',
      AWS_DEFAULT_PROFILE: 'other',
      AWS_ACCESS_KEY_ID: 'AKIASTALE',
      AWS_SECURITY_TOKEN: 'stale',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/stale',
      AWS_ROLE_ARN: 'stale',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/stale',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/stale',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'stale',
      ROLES_ANYWHERE_PKCS8_PASSWORD: 'stale password',
      ROLES_ANYWHERE_PKCS11_PIN: 'stale pin',
      KEPT: 'kept',
      AWS_CONFIG_FILE: '/nonexistent',
    };
    const env = await environmentOf([], { env: stale });
    expect(JSON.stringify(env)).not.toMatch(/stale|STALE/i);
    expect(Object.keys(env).filter((name) => /^ROLES_ANYWHERE_|PROFILE|CONTAINER/.test(name))).toEqual([]);
    expect(env).toMatchObject({ KEPT: 'kept', AWS_CONFIG_FILE: '/nonexistent' });
  });

  test('has no key that came by a variable', async () => {
    const env = { LEAF: sandbox.certificate, LEAF_KEY: sandbox.privateKey };
    const found = await environmentOf(['--certificate', 'env:LEAF', '--private-key', 'env:LEAF_KEY'], { env });
    expect(JSON.stringify(found)).not.toContain('PRIVATE KEY');
  });

  test('has no key of a further profile either', async () => {
    const config = sandboxConfig(sandbox);
    config.write('near', {});
    config.write('far', { roles_anywhere_private_key: 'env:FAR_KEY' });
    const none = Object.fromEntries(Object.keys(sandbox.environment).map((name) => [name, '']));
    const env = { ...config.env, ...none, FAR_KEY: sandbox.privateKey };
    try {
      const found = await environmentOf(['--from-profile', 'near,far'], { env });
      expect(JSON.stringify(found)).not.toContain('PRIVATE KEY');
    } finally {
      config.remove();
    }
  });

  test('has the region of the environment, or of the profile', async () => {
    const config = sandboxConfig(sandbox);
    config.write('mine', { region: 'eu-north-1' });
    const fromProfile = {
      ...config.env,
      ...Object.fromEntries(Object.keys(sandbox.environment).map((name) => [name, ''])),
    };
    try {
      expect(await environmentOf(['--from-profile', 'mine'], { env: fromProfile })).toMatchObject({
        AWS_REGION: 'eu-north-1',
        AWS_DEFAULT_REGION: 'eu-north-1',
      });
      expect(
        await environmentOf(['--from-profile', 'mine'], { env: { ...fromProfile, AWS_REGION: 'ap-south-1' } }),
      ).toMatchObject({ AWS_REGION: 'ap-south-1', AWS_DEFAULT_REGION: 'ap-south-1' });
    } finally {
      config.remove();
    }
  });
});

describe('the program', () => {
  test('has stdin, stdout and stderr', async () => {
    const script = 'process.stdin.pipe(process.stdout); console.error("to stderr")';
    expect(await exec(['--', ...node(script)], { input: 'through' })).toEqual({
      status: 0,
      stdout: 'through',
      stderr: 'to stderr\n',
    });
  });

  test.each([0, 1, 7, 255])('ends with status %i, and so does exec', async (status) => {
    expect(await exec(['--', ...node(`process.exit(${status})`)])).toEqual({ status, stdout: '', stderr: '' });
  });

  test('has its arguments as they are, its own options included', async () => {
    const args = ['--region', '--help', '-h', '--', 'a b', '', '$HOME', '\\', '--debug'];
    const script = 'console.log(JSON.stringify(process.argv.slice(1)))';
    const separated = await exec(['--session-duration', '900', '--', ...node(script, '--', ...args)]);
    expect([separated.status, JSON.parse(separated.stdout), separated.stderr]).toEqual([0, args, '']);
    const bare = await exec(['--session-duration=900', ...node(script, '--', ...args)]);
    expect([bare.status, JSON.parse(bare.stdout), bare.stderr]).toEqual([0, args, '']);
  });

  test('that is not there is status 127, as of env', async () => {
    const result = await exec(['no-such-program-here']);
    expect(result).toEqual({
      status: 127,
      stdout: '',
      stderr: 'roles-anywhere: cannot run no-such-program-here: there is no such program\n',
    });
  });

  test.each([[['--']], [['--server', '--']]])('whose name is empty is none that there is, with %j', async (before) => {
    expect(await exec([...before, ''])).toEqual({
      status: 127,
      stdout: '',
      stderr: "roles-anywhere: cannot run '': there is no such program\n",
    });
  });

  test('that may not be run is status 126', async () => {
    const path = join(folder, 'not-executable');
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, 0o644);
    const result = await exec(['--', path]);
    expect(result).toEqual({
      status: 126,
      stdout: '',
      stderr: `roles-anywhere: cannot run ${path}: it may not be run\n`,
    });
  });

  test('whose path leads below a file is status 126', needsNode('what it says of such a path'), async () => {
    const path = join(process.execPath, 'program');
    expect(await exec(['--', path])).toEqual({
      status: 126,
      stdout: '',
      stderr: `roles-anywhere: cannot run ${path}: ENOTDIR\n`,
    });
  });

  test('is not run without credentials, and its --debug is not ours', async () => {
    sandbox.failNext({ status: 403 });
    const { status, stdout, stderr } = await exec(['--', ...node('console.log("ran")', '--debug')]);
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).not.toContain('debug:');
  });
});

describe('signals', () => {
  const onSignal = (name: string, then: string) =>
    node(
      `process.on('${name}', () => { console.log('got ${name}'); ${then} }); console.error('ready'); setInterval(() => {}, 1000)`,
    );

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s goes on to the program',
    async (name) => {
      const running = startCommand(['exec', '--', ...onSignal(name, 'process.exit(3)')], { env: sandbox.environment });
      await running.said(/ready/);
      expect(await running.stop(name)).toEqual({ status: 3, signal: null });
      expect(running.stdout()).toBe(`got ${name}\n`);
    },
  );

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s that ends the program ends exec the same way',
    async (name) => {
      const running = startCommand(['exec', '--', ...node("console.error('ready'); setInterval(() => {}, 1000)")], {
        env: sandbox.environment,
      });
      await running.said(/ready/);
      expect(await running.stop(name)).toEqual({ status: null, signal: name });
    },
  );

  test.each([
    ['SIGKILL', 137],
    ['SIGABRT', 134],
  ])('a program that ends by %s is status %i, as a shell tells it', async (name, status) => {
    expect(await exec(['--', ...node(`process.kill(process.pid, '${name}')`)])).toMatchObject({ status, stderr: '' });
  });
});

describe('--server', () => {
  test('gives the program an endpoint of its own and no credentials', async () => {
    const env = await environmentOf(['--server']);
    expect(env).toMatchObject({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/credentials$/) as string,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: expect.stringMatching(/^[\w-]{43}$/) as string,
      AWS_REGION: sandbox.region,
    });
    expect(Object.keys(env).filter((name) => /ACCESS_KEY|SESSION_TOKEN|EXPIRATION|ROLES_ANYWHERE/.test(name))).toEqual(
      [],
    );
  });

  test.each([[[]], [['--server']]])('the AWS CLI runs with %j', needsAwsCli(), async (options) => {
    const identity = ['aws', 'sts', 'get-caller-identity', '--endpoint-url', sandbox.stsEndpoint, '--output', 'json'];
    const { status, stdout, stderr } = await exec([...options, '--', ...identity], { env: loopbackOnly });
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ Account: sandbox.accountId });
  });

  test('renews, wants the token, and is gone with the program', async () => {
    const service = await shortSessions(sandbox.endpoint, 8);
    const script = `
      const ask = (authorization) => fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization } });
      (async () => {
        const token = process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
        const statuses = [(await ask('')).status, (await ask(token.replace(/.$/, '!'))).status];
        const ids = new Set();
        for (const end = Date.now() + 20000; ids.size < 3 && Date.now() < end; await new Promise((r) => setTimeout(r, 50))) {
          const asked = Date.now();
          const answer = await ask(token);
          if (answer.status !== 200) throw new Error('status ' + answer.status);
          const { AccessKeyId, Expiration } = await answer.json();
          if (Date.parse(Expiration) <= asked) throw new Error('expired');
          ids.add(AccessKeyId);
        }
        console.log(JSON.stringify({ statuses, ids: ids.size, url: process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI }));
      })();`;
    try {
      const result = await exec(['--server', '--', ...node(script)], {
        env: { ROLES_ANYWHERE_ENDPOINT: service.endpoint },
      });
      expect([result.status, result.stderr]).toEqual([0, '']);
      const { statuses, ids, url } = JSON.parse(result.stdout) as { statuses: number[]; ids: number; url: string };
      expect([statuses, ids]).toEqual([[401, 401], 3]);
      await expect(fetch(url)).rejects.toThrow('fetch failed');
    } finally {
      await service.close();
    }
  });

  test('warns where SDKs would not ask it', async () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.aws'), { recursive: true });
    writeFileSync(join(home, '.aws', 'credentials'), '[default]\naws_access_key_id = AKIAOTHER\n');
    const { status, stderr } = await exec(['--server', '--', ...node('')], { env: { HOME: home } });
    expect([status, stderr]).toEqual([
      0,
      'roles-anywhere: warning: the default profile has aws_access_key_id: SDKs take its credentials and do not ask the endpoint of --server\n',
    ]);
  });

  test('is not there without credentials', async () => {
    sandbox.failNext({ status: 403 });
    expect(await exec(['--server', '--', ...node('console.log("ran")')])).toMatchObject({ status: 4, stdout: '' });
  });
});
