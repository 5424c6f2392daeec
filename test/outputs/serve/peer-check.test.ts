import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findFfi } from '../../../src/ffi/find-ffi.ts';
import { type Peers, peerCheck } from '../../../src/outputs/serve/peer-check.ts';
import { openSocketCalls, setHopLimit, type SocketCalls } from '../../../src/outputs/serve/socket-calls.ts';
import { descriptorOf, intOf } from '../../../src/outputs/serve/socket-calls.ts';
import { serveSandbox } from './served-sandbox.ts';

const me = process.getuid?.() ?? 0;
const isLinux = process.platform === 'linux';
let calls: SocketCalls;
const cleanUps: (() => void)[] = [];

beforeAll(async () => {
  const ffi = await findFfi();
  if ('missing' in ffi) throw new Error(ffi.missing);
  calls = openSocketCalls(ffi);
});
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function listen(options: ListenOptions): Promise<Server> {
  // As those of serve are: a client may close its sending side and wait for the answer.
  const server = createServer({ allowHalfOpen: true });
  cleanUps.push(() => server.close());
  await once(server.listen(options), 'listening');
  return server;
}
const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
};

/** Both ends of a connection. */
async function connected(server: Server, to: NetConnectOpts): Promise<{ accepted: Socket; client: Socket }> {
  const accepting = once(server, 'connection');
  const client = connect(to);
  client.on('error', () => undefined);
  const [accepted] = (await accepting) as [Socket];
  cleanUps.push(
    () => client.destroy(),
    () => accepted.destroy(),
  );
  return { accepted, client };
}

function check(uids: readonly number[], by: SocketCalls | undefined): Peers {
  const peers = peerCheck(uids, by);
  cleanUps.push(() => peers.close());
  return peers;
}

describe.runIf(isLinux)('of TCP', () => {
  const hosts = ['127.0.0.1', '::1', '::'];

  test.each(hosts)('the kernel says at once that a connection to %s is of the user who runs this', async (host) => {
    const server = await listen({ port: 0, host });
    const to = { port: portOf(server), host: host === '::' ? '127.0.0.1' : host };
    const { accepted } = await connected(server, to);
    const allowed = check([me], calls);
    expect([allowed.mayConnect(accepted), allowed.userOf(accepted)]).toEqual([true, me]);
    expect(check([me + 1], calls).mayConnect(accepted)).toBe(false);
  });

  test.each(hosts)('its table says so later, of %s', async (host) => {
    const server = await listen({ port: 0, host });
    const to = { port: portOf(server), host: host === '::' ? '127.0.0.1' : host };
    const { accepted } = await connected(server, to);
    const allowed = check([me], undefined);
    expect([await allowed.mayConnect(accepted), allowed.userOf(accepted)]).toEqual([true, me]);
    expect(await check([me + 1], undefined).mayConnect(accepted)).toBe(false);
  });

  test('one that is half closed is of its user still, and one whose client is gone is nobody’s', async () => {
    const server = await listen({ port: 0, host: '127.0.0.1' });
    const { accepted, client } = await connected(server, { port: portOf(server), host: '127.0.0.1' });
    accepted.resume();
    client.end();
    await once(accepted, 'end');
    expect(check([me], calls).mayConnect(accepted)).toBe(true);
    const gone = await connected(server, { port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
    gone.client.destroy();
    await once(gone.client, 'close');
    expect(check([me, 0], calls).mayConnect(gone.accepted)).toBe(false);
  });

  test('a program that listens where a client was is not taken for it', async () => {
    const server = await listen({ port: 0, host: '127.0.0.1' });
    // An address that nothing else here comes from: on the usual one the port may be somebody's as soon as it is free.
    const localAddress = '127.90.0.1';
    const { accepted, client } = await connected(server, { port: portOf(server), host: '127.0.0.1', localAddress });
    const { localPort } = client;
    client.resetAndDestroy();
    await once(client, 'close');
    await listen({ port: localPort ?? 0, host: localAddress });
    expect(await check([me], calls).mayConnect(accepted)).toBe(false);
  });
});

describe.runIf(isLinux)('of a Unix socket', () => {
  const open = async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-peer-'));
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    return { path, server: await listen({ path, readableAll: true, writableAll: true }) };
  };

  test('the kernel says whose it is', async () => {
    const { path, server } = await open();
    const { accepted } = await connected(server, { path });
    const allowed = check([me], calls);
    expect([allowed.mayConnect(accepted), allowed.userOf(accepted)]).toEqual([true, me]);
    expect(check([me + 1], calls).mayConnect(accepted)).toBe(false);
    expect(check([me + 1], undefined).mayConnect(accepted)).toBe(true);
  });
});

describe('--hop-limit', () => {
  /** IP_TTL and IPV6_UNICAST_HOPS, by their numbers on Linux. */
  const read = (socket: Socket, level: number, option: number): number => {
    const value = intOf(-1);
    expect(calls.getsockopt(descriptorOf(socket) ?? -1, level, option, value, intOf(4))).toBe(0);
    return new Int32Array(value.buffer)[0] ?? -1;
  };

  test.runIf(isLinux).each([
    ['127.0.0.1', '127.0.0.1', 0, 2],
    ['::1', '::1', 41, 16],
    ['::', '127.0.0.1', 0, 2],
    ['::', '::1', 41, 16],
  ])('is that of connections to %s by %s', async (host, to, level, option) => {
    const server = await listen({ port: 0, host });
    expect(setHopLimit(calls, server, 3)).toBe(true);
    const { accepted } = await connected(server, { port: portOf(server), host: to });
    expect(read(accepted, level, option)).toBe(3);
  });

  test.runIf(isLinux).each([
    ['127.0.0.1', 0, 2],
    ['::1', 41, 16],
  ])('is that of a connection that waits on a socket of %s before serve has it', async (host, level, option) => {
    const ffi = await findFfi();
    if ('missing' in ffi) throw new Error(ffi.missing);
    const { dup } = ffi.openLibc({ dup: { takes: ['i32'], gives: 'i32' } });
    const before = await listen({ port: 0, host });
    const [fd, port] = [dup(descriptorOf(before) ?? -1), portOf(before)];
    await new Promise((settle) => before.close(settle));
    const client = connect({ port, host });
    await once(client, 'connect');
    const served = await serveSandbox({ serve: { listen: [{ kind: 'fd', fd, name: '' }], hopLimit: 3 } });
    try {
      const [accepted] = (await once(served.serving.listeners[0]?.listening ?? client, 'connection')) as [Socket];
      expect(read(accepted, level, option)).toBe(3);
    } finally {
      client.destroy();
      await served.close();
    }
  });

  test.runIf(isLinux)('that the system refuses is not set', async () => {
    expect(setHopLimit(calls, await listen({ port: 0, host: '127.0.0.1' }), 256)).toBe(false);
  });
});
