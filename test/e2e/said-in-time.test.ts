import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { loopbackOnly, needsAwsCli } from '../support/aws-clients.ts';
import { type CommandSettings, commandLine, runCommand } from '../support/command.ts';
import { startCommand } from '../support/running-command.ts';

let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'roles-anywhere-said-')));
  sandbox = await startSandbox({ profile: { durationSeconds: 900 } });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const run = (args: readonly string[], { env, ...more }: CommandSettings = {}) =>
  runCommand(args, { cwd: folder, ...more, env: { ...sandbox.environment, HOME: folder, ...env } });

const short = `--session-duration: 7200 seconds were asked for and the session lasts 900: `;

describe('a session shorter than asked for', () => {
  test('exec says it at once, credential-process where somebody reads it', async () => {
    const asked = ['--session-duration', '7200'];
    expect((await run(['exec', ...asked, '--', 'true'])).stderr).toContain(`warning: ${short}`);
    expect(await run(['credential-process', ...asked])).toMatchObject({ status: 0, stderr: '' });
    expect((await run(['credential-process', '--debug', ...asked])).stderr).toContain(`warning: ${short}`);
  });

  test('serve says it once, however often it renews', async () => {
    const env = { ...sandbox.environment, HOME: folder };
    const command = startCommand(['serve', '--port', '0', '--session-duration', '7200'], { env });
    await command.said(/listening on/);
    command.child.kill('SIGHUP');
    await command.said(/reloaded/);
    await command.stop();
    expect(command.stderr().split(short)).toHaveLength(2);
  });
});

test('serve tells the path of the token file as it is from everywhere', async () => {
  const line = ['sh', '-c', 'cd "$0"; exec "$@"', folder];
  const env = { ...sandbox.environment };
  const command = startCommand(['serve', '--port', '0', '--token-file', 'token'], { wrapper: line, env });
  const [, path] = await command.said(/export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=(.+)/);
  await command.stop();
  expect(path).toBe(join(folder, 'token'));
});

describe('exec without a program', () => {
  test('runs the shell of SHELL, and says so', async () => {
    const input = 'echo "$AWS_ACCESS_KEY_ID"; exit 3\n';
    const { status, stdout, stderr } = await run(['exec'], { input, env: { SHELL: '/bin/bash' } });
    expect(status).toBe(3);
    expect(stdout).toMatch(/^ASIA\w+\n$/);
    expect(stderr).toBe(
      'roles-anywhere: /bin/bash starts with the credentials in its environment, until you leave it by exit\n',
    );
  });

  test('or else sh; the endpoint of --server is there as long as it runs', async () => {
    const { status, stdout } = await run(['exec', '--server'], {
      input: 'echo "$AWS_CONTAINER_CREDENTIALS_FULL_URI"\n',
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });
});

describe('sandbox with a command', () => {
  const other = { AWS_ACCESS_KEY_ID: 'AKIAOTHER', AWS_PROFILE: 'other', ROLES_ANYWHERE_ROLE_ARN: 'other' };
  const command = commandLine;

  test('runs it with everything set, and nothing of before', async () => {
    const script = `${command} export --format env && echo "$AWS_ACCESS_KEY_ID/$AWS_PROFILE/$AWS_CONFIG_FILE" && cat "$AWS_CONFIG_FILE"`;
    const { status, stdout, stderr } = await runCommand(['sandbox', '--', 'sh', '-c', script], { env: other });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^export AWS_ACCESS_KEY_ID=ASIA/);
    const [, config = ''] = /^\/sandbox\/(.+)$/m.exec(stdout) ?? [];
    expect(stdout).toContain('[profile sandbox]');
    expect(existsSync(config)).toBe(false);
    expect(stderr).toMatch(/^\S+ CreateSession 201 accepted /);
    const [, key = ''] = /roles_anywhere_private_key = (.+)/.exec(stdout) ?? [];
    expect([key.length > 0, existsSync(key)]).toEqual([true, false]);
  });

  test('the AWS CLI needs no more', needsAwsCli('services and AWS_ENDPOINT_URL_STS'), async () => {
    const { status, stdout } = await runCommand(
      ['sandbox', '--role', 'Worker', '--', 'aws', 'sts', 'get-caller-identity'],
      { env: { ...other, ...loopbackOnly } },
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      Arn: expect.stringContaining(':assumed-role/Worker/') as string,
    });
  });

  test('ends with its status, and 127 where there is none', async () => {
    expect((await runCommand(['sandbox', 'sh', '-c', 'exit 9'])).status).toBe(9);
    expect(await runCommand(['sandbox', '--', './no-such-program'])).toEqual({
      status: 127,
      stdout: '',
      stderr: 'roles-anywhere: cannot run ./no-such-program: there is no such program\n',
    });
  });

  test('--json has nothing to print then', async () => {
    expect(await runCommand(['sandbox', '--json', '--', 'true'])).toMatchObject({ status: 2, stdout: '' });
  });
});

test('cache list says that there is nothing', async () => {
  const cache = ['--cache-dir', join(folder, 'cache')];
  expect(await run(['cache', 'list', ...cache])).toEqual({
    status: 0,
    stdout: '',
    stderr: `roles-anywhere: nothing is cached in ${join(folder, 'cache')}\n`,
  });
  expect((await run(['cache', 'list', '--json', ...cache])).stdout).toBe('[]\n');
});

test('update --log-format json: every line an object', async () => {
  const env = { ...sandbox.environment, HOME: folder };
  const args = ['update', '--log-format', 'json', '--session-duration', '7200', '--no-verify-ssl'];
  const command = startCommand(args, { env });
  await command.said(/works until/);
  expect(await command.stop()).toEqual({ status: 0, signal: null });
  const lines = command
    .stderr()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; message: string });
  expect(lines.map(({ level, message }) => `${level} ${message.split(/[:,] /)[0] ?? ''}`)).toEqual([
    'warn --no-verify-ssl',
    'warn --session-duration',
    `info ${join(folder, '.aws', 'credentials')}`,
  ]);
  expect(lines[0]).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/));
  expect(readFileSync(join(folder, '.aws', 'credentials'), 'utf8')).toContain('ASIA');
});
