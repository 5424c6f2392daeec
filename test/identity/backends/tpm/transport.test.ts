import { once } from 'node:events';
import { writeFileSync, mkdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTpmSigner } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { openTransport, parseTpmDevice } from '../../../../src/identity/backends/tpm/transport/open-transport.ts';
import type { TpmTransport } from '../../../../src/identity/backends/tpm/transport/tpm-transport.ts';
import { makeFolder, removeFolder } from '../../../support/openssl.ts';
import { deadPort } from '../../../support/ports.ts';
import { needs } from '../../../support/programs.ts';
import { needsTpm, startPty, startSwtpm, type Swtpm } from '../../../support/swtpm.ts';
import { at, message, verified } from './judge.ts';
import { opensslKey } from './keys.ts';

/** Nothing here can be busy for root, who may open even that. */
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<{ open: typeof open }>();
  return { ...actual, open: vi.fn<typeof open>(actual.open) };
});

/** TPM2_GetCapability of the algorithms: the longest answer that is used. */
const getAlgorithms = Buffer.from('8001000000160000017a00000000000000000000007f', 'hex');
/** An answer of success that holds nothing. */
const empty = Buffer.from('80010000000a00000000', 'hex');

type Open = (path: string) => Promise<TpmTransport>;
const openPath: Open = (path) => openTransport({ kind: 'path', path });

const ways = ['unix', 'tcp', 'device'] as const;

describe.each(ways)('transport %s', needs('socat'), (way) => {
  let folder: string;
  /** What the TPM's side does with a connection and the pieces that come in. */
  let serve: (socket: Socket, piece: Buffer) => unknown;
  let server: Server;
  let stopPty: (() => Promise<void>) | undefined;
  let transport: TpmTransport | undefined;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    folder = makeFolder();
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('data', (piece) => serve(socket, piece));
    });
    server.listen(way === 'tcp' ? 0 : join(folder, 'tpm.sock'));
    await once(server, 'listening');
  });

  afterEach(async () => {
    await transport?.close();
    await stopPty?.();
    stopPty = undefined;
    for (const socket of sockets) socket.destroy();
    server.close();
    removeFolder(folder);
  });

  async function connect(): Promise<TpmTransport> {
    transport = await openWay();
    return transport;
  }

  async function openWay(): Promise<TpmTransport> {
    if (way === 'unix') return openPath(join(folder, 'tpm.sock'));
    if (way === 'device') {
      const pty = await startPty(join(folder, 'tpm0'), { address: { path: join(folder, 'tpm.sock') } });
      stopPty = pty.stop;
      return openPath(join(folder, 'tpm0'));
    }
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return openTransport({ kind: 'tcp', host: '127.0.0.1', port });
  }

  test('a command there, its answer back, and so on', async () => {
    const commands: Buffer[] = [];
    serve = (socket, piece) => {
      commands.push(piece);
      socket.write(
        piece.length === 10
          ? empty
          : Buffer.concat([empty.subarray(0, 2), Buffer.from('00000400', 'hex'), Buffer.alloc(1018, commands.length)]),
      );
    };
    const tpm = await connect();
    expect(Buffer.from(await tpm.send(empty, 5000))).toEqual(empty);
    const large = await tpm.send(getAlgorithms, 5000);
    expect({ length: large.length, last: large.at(-1) }).toEqual({ length: 1024, last: 2 });
    expect(Buffer.from(await tpm.send(empty, 5000))).toEqual(empty);
    expect(commands).toEqual([empty, getAlgorithms, empty]);
  });

  test('an answer in pieces', async () => {
    serve = async (socket) => {
      for (const octet of empty) {
        socket.write(Buffer.of(octet));
        await sleep(3);
      }
    };
    expect(Buffer.from(await (await connect()).send(empty, 5000))).toEqual(empty);
  });

  test('no answer', async () => {
    serve = () => undefined;
    const tpm = await connect();
    const started = performance.now();
    await expect(tpm.send(empty, 200)).rejects.toMatchObject({
      code: 'TPM_BUSY',
      message: `${tpm.name}: the TPM did not answer within 0.2 s`,
      hints: ['another program may have it open: without a resource manager a TPM serves one at a time'],
    });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('half an answer', async () => {
    serve = (socket) => socket.write(empty.subarray(0, 7));
    await expect((await connect()).send(empty, 200)).rejects.toMatchObject({ code: 'TPM_BUSY' });
  });

  test('a connection that is closed', async () => {
    serve = (socket) => socket.destroy();
    const tpm = await connect();
    // The end of a terminal reads as the TPM driver's "not yet"; only the next command shows that nobody is there.
    const code = way === 'device' ? 'TPM_BUSY' : 'TPM_UNREACHABLE';
    await expect(tpm.send(empty, 1500)).rejects.toMatchObject({ code });
    await expect(tpm.send(empty, 300)).rejects.toMatchObject({ code: 'TPM_UNREACHABLE' });
  });

  test.each([
    ['a size of nothing', '80010000000000000000', 'the answer is damaged: it gives its size as 0 bytes'],
    ['a size beyond all TPMs', '8001ffffffff00000000', 'the answer is damaged: it gives its size as 4294967295 bytes'],
    ['more than its size', '80010000000a0000000000', 'the answer is damaged: 1 bytes follow its end'],
  ])('%s', async (_, answer, reason) => {
    serve = (socket) => socket.write(Buffer.from(answer, 'hex'));
    const tpm = await connect();
    await expect(tpm.send(empty, 3000)).rejects.toMatchObject({
      code: 'TPM_FAILED',
      message: `${tpm.name}: ${reason}`,
    });
  });
});

const busy = (): Error => Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' });

describe('a TPM that cannot be reached', () => {
  let folder: string;

  beforeAll(() => {
    folder = makeFolder();
    writeFileSync(join(folder, 'file'), 'precious');
    mkdirSync(join(folder, 'directory'));
  });

  afterAll(() => removeFolder(folder));

  test.each([
    ['nothing', 'does not exist'],
    ['file/below', 'does not exist: part of the path is no directory'],
    ['file', 'is neither a device nor a socket'],
    ['directory', 'is neither a device nor a socket'],
  ])('%s', async (name, reason) => {
    const path = join(folder, name);
    await expect(openPath(path)).rejects.toMatchObject({ code: 'TPM_UNREACHABLE', message: `${path} ${reason}` });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious');
  });

  test('a socket that nobody serves any more', async () => {
    const path = join(folder, 'stale.sock');
    const { status } = (await import('node:child_process')).spawnSync(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect(status).toBe(null);
    await expect(openPath(path)).rejects.toMatchObject({
      code: 'TPM_UNREACHABLE',
      message: `swtpm at ${path} refuses connections: nothing listens there`,
    });
  });

  test('a port that nobody serves', async () => {
    await expect(openTransport({ kind: 'tcp', host: '127.0.0.1', port: deadPort })).rejects.toMatchObject({
      code: 'TPM_UNREACHABLE',
      message: `swtpm at 127.0.0.1:${deadPort} refuses connections: nothing listens there`,
    });
  });

  test('a device that another program has open, until it closes it', async () => {
    vi.mocked(open).mockRejectedValueOnce(busy()).mockRejectedValueOnce(busy());
    const transport = await openPath('/dev/null');
    expect(transport.name).toBe('/dev/null');
    await transport.close();
  });

  test('a device that another program keeps open', async () => {
    vi.mocked(open).mockImplementation(() => Promise.reject(busy()));
    const started = performance.now();
    await expect(openPath('/dev/null')).rejects.toMatchObject({
      code: 'TPM_BUSY',
      message: '/dev/null is in use by another program',
      hints: ['use /dev/tpmrm0, which the kernel shares among programs', 'fuser /dev/null tells which program it is'],
    });
    vi.mocked(open).mockReset();
    // A hundred pauses of 50 ms, and not without an end.
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  test('a device that this user may not open', async () => {
    vi.mocked(open).mockRejectedValueOnce(Object.assign(new Error('EACCES'), { code: 'EACCES' }));
    await expect(openPath('/dev/null')).rejects.toMatchObject({
      code: 'TPM_UNREACHABLE',
      message: '/dev/null may not be opened by this user',
      hints: ['members of the group tss may use /dev/tpmrm0 on most systems'],
    });
  });
});

describe('swtpm', needsTpm(), () => {
  let folder: string;

  beforeAll(() => {
    folder = makeFolder();
  });

  afterAll(() => removeFolder(folder));

  test.each(ways)('signs by %s', async (way) => {
    const tpm = await startSwtpm(folder, way, way === 'tcp' ? 'tcp' : 'unix');
    const source = await opensslKey(tpm, join(folder, `${way}.pem`), 'RSA', ['bits:2048']);
    const device = join(folder, 'tpm0');
    const pty = way === 'device' ? await startPty(device, tpm) : undefined;
    const key = await openTpmSigner(source, at(pty === undefined ? tpm : { tcti: `device:${device}` }), {});
    expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
    await key.close();
    await pty?.stop();
    expect(await tpm.leftovers()).toEqual([]);
    await tpm.stop();
  });

  test('a second user waits for the first, and is told when that takes too long', async () => {
    const tpm: Swtpm = await startSwtpm(folder, 'shared');
    const source = await opensslKey(tpm, join(folder, 'shared.pem'), 'EC', ['group:P-256']);
    const key = await openTpmSigner(source, at(tpm), {});
    const first = await openTransport(parseTpmDevice(tpm.tcti, '--tpm-device'));
    await first.send(getAlgorithms, 5000);
    const waiting = key.signer.sign(message);
    await sleep(300);
    await first.close();
    expect(verified(folder, key.publicKeyInfo, await waiting)).toBe('Verified OK');
    const again = await openTransport(parseTpmDevice(tpm.tcti, '--tpm-device'));
    await again.send(getAlgorithms, 5000);
    const started = performance.now();
    await expect(key.signer.sign(message)).rejects.toMatchObject({
      code: 'TPM_BUSY',
      message: `swtpm at ${join(folder, 'shared.sock')}: the TPM did not answer within 5 s`,
    });
    // Not as long as a command may take that computes.
    expect(performance.now() - started).toBeLessThan(25_000);
    await again.close();
    await key.close();
    expect(await tpm.leftovers()).toEqual([]);
    await tpm.stop();
  });
});
