import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';
import { type SandboxConfig, sandboxConfig } from '../support/sandbox-config.ts';

let sandbox: Sandbox;
let config: SandboxConfig;
const running: RunningCommand[] = [];

beforeAll(async () => {
  sandbox = await startSandbox();
  config = sandboxConfig(sandbox);
  config.write('on-prem');
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop('SIGKILL');
});
afterAll(async () => {
  await sandbox.close();
  config.remove();
});

function start(args: readonly string[], env: Record<string, string> = {}): RunningCommand {
  const command = startCommand(args, {
    env: { ...config.env, AWS_SHARED_CREDENTIALS_FILE: join(config.folder, 'credentials'), ...env },
  });
  running.push(command);
  return command;
}

const profile = ['--from-profile', 'on-prem'];
// Tells of each signal, so that there is no doubt that it came.
const program = [
  '--',
  process.execPath,
  '-e',
  "process.on('SIGUSR1', () => console.error('came')); console.error('ready'); setInterval(() => {}, 1000)",
];

/** Each that lives on, and what it says when it does. */
const commands: readonly (readonly [name: string, args: readonly string[], isUp: RegExp])[] = [
  ['serve', ['serve', ...profile, '--port', '0'], /listening on/],
  ['update', ['update', ...profile], /works until/],
  ['exec', ['exec', ...profile, ...program], /ready/],
  ['exec --server', ['exec', ...profile, '--server', ...program], /ready/],
  ['sandbox', ['sandbox'], /the sandbox listens on/],
  ['sandbox with a command', ['sandbox', ...program], /ready/],
];

describe('SIGUSR1 opens no debugger', () => {
  test.each(commands)('%s', async (_name, args, isUp) => {
    const command = start(args, { NODE_OPTIONS: '--inspect-port=0' });
    await command.said(isUp);
    command.child.kill('SIGUSR1');
    if (args.includes('--')) await command.said(/came/);
    // The debugger would say on stderr where it listens; what follows is said after that.
    expect(await command.stop('SIGTERM')).toMatchObject(args.includes('--') ? { signal: 'SIGTERM' } : { status: 0 });
    expect(command.stderr()).not.toMatch(/debugger/i);
  });

  test('credential-process while it waits for the service', async () => {
    const service = createServer();
    await once(service.listen(0, '127.0.0.1'), 'listening');
    const { port } = service.address() as AddressInfo;
    const asked = once(service, 'connection') as Promise<[Socket]>;
    const to = ['--endpoint', `http://127.0.0.1:${port}`, '--max-attempts', '1'];
    const command = start(['credential-process', ...profile, ...to], { NODE_OPTIONS: '--inspect-port=0' });
    const [socket] = await asked;
    command.child.kill('SIGUSR1');
    socket.destroy();
    service.close();
    expect(await command.ended).toEqual({ status: 5, signal: null });
    expect(command.stderr()).not.toMatch(/debugger/i);
  });
});

describe('SIGUSR2 ends nothing', () => {
  test.each(commands.filter(([, args]) => !args.includes('--')))('%s', async (_name, args, isUp) => {
    const command = start(args);
    await command.said(isUp);
    command.child.kill('SIGUSR2');
    expect(await command.stop('SIGTERM')).toEqual({ status: 0, signal: null });
  });
});

describe('a door that was opened on purpose is said', () => {
  test.each(commands.slice(0, 2))('%s', async (_name, args) => {
    const command = start(args, { NODE_OPTIONS: '--inspect=127.0.0.1:0 --heapsnapshot-signal=SIGUSR2' });
    await command.said(/warn/);
    expect(command.stderr()).toContain(
      'node was started with --inspect, --heapsnapshot-signal: what it opens or writes holds keys and credentials',
    );
  });
});
