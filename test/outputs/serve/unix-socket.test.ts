import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { warnOfExposure } from '../../../src/outputs/serve/listeners.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { withoutFfi } from '../../support/without-ffi.ts';
import { type ServedSandbox, type ServedSandboxOptions, serveSandbox } from './served-sandbox.ts';

let folder: string;
let path: string;
const servers: ServedSandbox[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-socket-'));
  path = join(folder, 'socket');
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(serve: ServedSandboxOptions['serve'] = {}): Promise<ServedSandbox> {
  const server = await serveSandbox({ serve: { listen: [{ kind: 'unix', path }], ...serve } });
  servers.push(server);
  return server;
}

function statusOf(authorization: string, host = 'localhost'): Promise<number | undefined> {
  return new Promise((settle, fail) => {
    const headers = { Authorization: authorization, Host: host };
    request({ socketPath: path, path: '/credentials', headers, agent: false }, (response) => {
      response.resume();
      settle(response.statusCode);
    })
      .once('error', fail)
      .end();
  });
}

describe.runIf(process.platform !== 'win32')('a Unix socket', () => {
  test('has its mode, serves, and is gone when the server is', async () => {
    const server = await open();
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['socket']);
    expect(await statusOf(server.token)).toBe(200);
    expect(await statusOf(server.token, 'attacker.example')).toBe(403);
    expect(await statusOf('wrong')).toBe(401);
    await server.close();
    servers.pop();
    expect(existsSync(path)).toBe(false);
  });

  test('leaves the socket of a successor alone when it ends', async () => {
    const server = await open();
    const successor = createServer();
    await new Promise<void>((settle) => void successor.listen(`${path}.new`, settle));
    renameSync(`${path}.new`, path);
    await server.close();
    servers.pop();
    expect(lstatSync(path).isSocket()).toBe(true);
    await new Promise((settle) => void successor.close(settle));
  });

  test('another mode', async () => {
    await open({ socketMode: 0o660 });
    expect(lstatSync(path).mode & 0o777).toBe(0o660);
  });

  /** A socket whose process is dead. */
  function leaveSocket(): void {
    const leave = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', leave, path], { stdio: 'ignore', timeout: 60_000 })).toThrow(
      'Command failed',
    );
    expect(lstatSync(path).isSocket()).toBe(true);
  }

  test('takes the place of one that a dead process left', async () => {
    leaveSocket();
    expect(await statusOf((await open()).token)).toBe(200);
  });

  test.each([
    ['nothing', () => undefined],
    ['one that a dead process left', leaveSocket],
  ])('of two that start at once where there is %s, one gets the place, and the other says so', async (_, prepare) => {
    prepare();
    const outcomes = await Promise.allSettled([open(), open()]);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(refused).toMatchObject([
      { code: 'PORT_UNAVAILABLE', message: `cannot listen on ${path}: somebody listens there already` },
    ]);
    expect(await statusOf(servers[0]?.token ?? '')).toBe(200);
    expect(readdirSync(folder)).toEqual(['socket']);
  });

  test('does not take the place of one that is alive', async () => {
    const server = await open();
    const error = await rejectionOf(open());
    expect([error.code, error.message]).toEqual([
      'PORT_UNAVAILABLE',
      `cannot listen on ${path}: somebody listens there already`,
    ]);
    expect(await statusOf(server.token)).toBe(200);
  });

  test('does not take the place of a file', async () => {
    writeFileSync(path, 'somebody’s');
    expect((await rejectionOf(open())).message).toBe(`cannot listen on ${path}: there is a file of another kind`);
    expect(lstatSync(path).isFile()).toBe(true);
  });

  test('a folder that is a file', async () => {
    writeFileSync(join(folder, 'file'), '');
    path = join(folder, 'file', 'socket');
    expect((await rejectionOf(open())).message).toBe(`cannot listen on ${path}: ENOTDIR`);
  });

  test('a folder that is not there', async () => {
    path = join(folder, 'missing', 'socket');
    expect((await rejectionOf(open())).message).toBe(`cannot listen on ${path}: ENOENT`);
  });

  test.runIf(process.platform === 'linux')('--allow-uid asks whose the other end is', async () => {
    const me = process.getuid?.() ?? 0;
    const [allowing, refusing] = [await open({ allowUids: [me] }), join(folder, 'other')];
    expect(await statusOf(allowing.token)).toBe(200);
    await open({ allowUids: [me + 1], listen: [{ kind: 'unix', path: refusing }] });
    path = refusing;
    expect(await statusOf('any')).toBe(403);
    expect(allowing.logs.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('where it cannot be asked on a socket with a mode that is not ours, nobody is let in', () => {
    const handedOver = { listen: [], socketMode: 0o600, allowUids: [1], asksUnixPeers: false, isHandedOver: true };
    const listener = {
      name: 'fd:3',
      kind: 'unix',
      isLocal: true,
      listening: createServer(),
      close: async () => {},
    } as const;
    expect(() => warnOfExposure(listener, handedOver, () => {})).toThrow(/^--allow-uid cannot be checked on fd:3/);
  });

  test('where it cannot be asked, the mode decides, which is said', async () => {
    const server = await serveSandbox({
      serve: { listen: [{ kind: 'unix', path }], allowUids: [1], hopLimit: 9 },
      ffi: withoutFfi,
    });
    servers.push(server);
    expect(await statusOf(server.token)).toBe(200);
    expect(server.logs.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      `--hop-limit has no effect: it needs ${withoutFfi.missing}`,
      `--allow-uid looks through all connections of this machine for each new one; not to needs ${withoutFfi.missing}`,
      `--allow-uid cannot be checked on ${path}: its mode (0600 where we made it) decides who may connect`,
    ]);
  });
});
