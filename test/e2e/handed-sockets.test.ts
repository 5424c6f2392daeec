import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { descriptorOf } from '../../src/outputs/serve/socket-calls.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { ask, imdsToken } from '../support/ask-server.ts';
import { commandPath, executable as underTest, root } from '../support/command.ts';
import { needsRoot } from '../support/fresh-user.ts';

/** Builds the executable of this machine, where it is not the one that is tested: seconds, and Bun comes from the registry the first time. */
function buildExecutable(): string {
  if (underTest !== undefined) return underTest;
  const target = `linux-${process.arch}`;
  execFileSync(process.execPath, [join(root, 'scripts', 'build-native.mjs'), target], { stdio: 'ignore' });
  return join(root, 'dist-native', target, 'roles-anywhere');
}

/** Sockets of TCP that a process listens on: proc_pid_fd(5), proc_pid_net(5). */
function listeningSockets(pid: number): readonly string[] {
  const links = new Set(readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`)));
  const rows = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, 'latin1').trim().split('\n').slice(1),
  );
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return fields.flatMap(([, local, , state, , , , , , inode]) =>
    state === '0A' && links.has(`socket:[${inode}]`) ? [`${local}`] : [],
  );
}

// Root alone sees the descriptors of a process that hides what it has.
describe.runIf(process.platform === 'linux')('a socket that is handed over (as root)', needsRoot(), () => {
  let sandbox: Sandbox;
  let executable: string;
  beforeAll(async () => {
    executable = buildExecutable();
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox.close());

  test.each(['Node', 'the executable'])('is all that serve listens on: %s', async (which) => {
    const handed = createServer();
    await once(handed.listen(0, '127.0.0.1'), 'listening');
    const { port } = handed.address() as AddressInfo;
    const program = which === 'Node' ? [process.execPath, commandPath] : [executable];
    const becoming = ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', ...program, 'serve', '--allow-uid', '0'];
    const child = spawn('sh', becoming, {
      env: { ...sandbox.environment, PATH: process.env['PATH'], LISTEN_FDS: '1' },
      stdio: ['ignore', 'ignore', 'pipe', descriptorOf(handed)],
    });
    try {
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
      await expect.poll(() => said, { timeout: 30_000 }).toContain(`listening on http://127.0.0.1:${port}\n`);
      handed.close();
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      expect(listeningSockets(child.pid ?? 0)).toEqual([`0100007F:${hex}`]);
      const url = `http://127.0.0.1:${port}`;
      expect((await ask(url, '/readyz')).status).toBe(200);
      expect(await imdsToken(url)).toHaveLength(56);
      const ended = once(child, 'exit');
      child.kill();
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
