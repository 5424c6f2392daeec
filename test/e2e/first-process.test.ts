import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { askImds, rolesPath } from '../support/ask-server.ts';
import { runCommand } from '../support/command.ts';
import { asFirstProcess, childOf, needsProcessNamespace, onReadOnlyRoot } from '../support/fresh-user.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';

/** What a shell would say of a program that the signal ended. */
const statusOf = { SIGINT: 130, SIGTERM: 143 } as const;
const signals = ['SIGINT', 'SIGTERM'] as const;

describe('as the first process of a namespace, whom the kernel ends by no signal', needsProcessNamespace(), () => {
  let sandbox: Sandbox;
  let folder: string;
  let silent: Server;
  let sockets: Socket[];
  let running: RunningCommand[];
  beforeAll(async () => {
    sandbox = await startSandbox();
    silent = createServer((socket) => sockets.push(socket));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    silent.close();
    await sandbox.close();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-first-'));
    sockets = [];
    running = [];
  });
  afterEach(() => {
    for (const { child } of running) child.kill('SIGKILL');
    for (const socket of sockets) socket.destroy();
    rmSync(folder, { recursive: true });
  });

  const env = (): Record<string, string> => ({ ...sandbox.environment, HOME: folder });
  function start(args: readonly string[]): RunningCommand {
    const command = startCommand(args, { wrapper: asFirstProcess, env: env() });
    running.push(command);
    return command;
  }
  /** `unshare` does not hand on what it gets, but the status of what it runs. */
  async function stop({ child, ended }: RunningCommand, signal: NodeJS.Signals) {
    process.kill(childOf(child.pid), signal);
    return ended;
  }
  const silentEndpoint = (): string => {
    const address = silent.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  };

  test('every face works', async () => {
    const run = (args: readonly string[]) => runCommand(args, { wrapper: asFirstProcess, env: env() });
    for (const args of [['credential-process'], ['credential-process', '--cache'], ['export']]) {
      expect(await run(args)).toMatchObject({ status: 0, stderr: '' });
    }
    expect(await run(['exec', '--', 'sh', '-c', 'exit 7'])).toEqual({ status: 7, stdout: '', stderr: '' });
    expect(await run(['exec', '--', 'sh', '-c', 'kill -TERM $$'])).toMatchObject({ status: 143 });
    expect(await run(['update', '--once'])).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, '.aws', 'credentials'), 'utf8')).toContain('aws_access_key_id = ASIA');
  });

  test('on a read-only root', async ({ skip }) => {
    skip(onReadOnlyRoot.length === 0, 'the root may not be mounted read-only here');
    const home = { HOME: '/', TMPDIR: '/dev/shm' };
    const run = (args: readonly string[]) => runCommand(args, { wrapper: onReadOnlyRoot, env: { ...env(), ...home } });
    for (const args of [['credential-process'], ['credential-process', '--cache'], ['export']]) {
      expect(await run(args)).toMatchObject({ status: 0, stderr: '' });
    }
    expect(await run(['exec', '--', 'sh', '-c', `touch ${folder}/file || exit 7`])).toMatchObject({ status: 7 });
    expect(await run(['update', '--once'])).toMatchObject({
      status: 6,
      stderr: expect.stringContaining('/.aws') as string,
    });
    const options = { wrapper: onReadOnlyRoot, env: { ...env(), ...home } };
    const serving = startCommand(['serve', '--port', '0', '--token-file', `/dev/shm/token-${process.pid}`], options);
    running.push(serving);
    await serving.said(/listening on/);
    expect(await stop(serving, 'SIGTERM')).toEqual({ status: 0, signal: null });
    rmSync(`/dev/shm/token-${process.pid}`);
  });

  describe.each(signals)('%s while the service is awaited', (signal) => {
    test.each([
      ['credential-process', []],
      ['credential-process', ['--cache']],
      ['export', []],
      ['exec', ['--', 'true']],
      ['exec', ['--server', '--', 'true']],
      ['update', ['--once']],
    ])('%s %j', async (name, args) => {
      const asked = once(silent, 'connection');
      const command = start([name, '--endpoint', silentEndpoint(), ...args]);
      await asked;
      expect(await stop(command, signal)).toEqual({ status: statusOf[signal], signal: null });
      expect([command.stdout(), command.stderr()]).toEqual(['', '']);
    });

    test.each(['serve', 'update'])('%s ends well', async (name) => {
      const asked = once(silent, 'connection');
      const command = start([name, '--endpoint', silentEndpoint(), ...(name === 'serve' ? ['--port', '0'] : [])]);
      await asked;
      expect(await stop(command, signal)).toEqual({ status: 0, signal: null });
    });
  });

  test.each(signals)('%s ends what runs on', async (signal) => {
    const serving = start(['serve', '--port', '0']);
    const [, url = ''] = await serving.said(/listening on (http:\S+)/);
    expect((await askImds(url, rolesPath)).status).toBe(200);
    expect(await stop(serving, signal)).toEqual({ status: 0, signal: null });

    const updating = start(['update']);
    await updating.said(/works until/);
    expect(await stop(updating, signal)).toEqual({ status: 0, signal: null });

    const playing = start(['sandbox', '--directory', folder]);
    await playing.said(/the sandbox listens on/);
    expect(await stop(playing, signal)).toEqual({ status: 0, signal: null });
    expect(existsSync(join(folder, 'private-key.pem'))).toBe(false);
  });

  test('exec hands the signal on to its program, and ends as that does', async () => {
    const script = 'trap "echo told >&2; exit 9" TERM; echo ready >&2; while :; do sleep 0.05; done';
    const command = start(['exec', '--', 'sh', '-c', script]);
    await command.said(/ready/);
    expect(await stop(command, 'SIGTERM')).toEqual({ status: 9, signal: null });
    expect(command.stderr()).toBe('ready\ntold\n');
  });
});
