import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createHttp2Server } from 'node:http2';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RolesAnywhereError } from '../../../../src/core/errors.ts';
import { identityReader } from '../../../../src/identity/buffered-sources.ts';
import type { IdentitySource } from '../../../../src/identity/identity.ts';
import { openIdentity, openSigner } from '../../../../src/identity/open-identity.ts';
import { reloadingIdentity } from '../../../../src/identity/reloading-identity.ts';
import { listSvids } from '../../../../src/identity/backends/spiffe/open-svid.ts';
import { openGrpcStream } from '../../../../src/identity/backends/spiffe/grpc-stream.ts';
import { certificateDer, type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../../../support/openssl.ts';
import { givenSvid, startWorkloadApi, type WorkloadApi } from '../../../support/workload-api.ts';
import { file, recordingContext } from '../../given.ts';

const id = 'spiffe://example.org/on-prem';
const svidExtensions = (uri: string): readonly string[] => [
  'basicConstraints = critical, CA:FALSE',
  'keyUsage = critical, digitalSignature',
  `subjectAltName = URI:${uri}`,
];

let folder: string;
let ca: Issued;
let sub: Issued;
let first: Issued;
let second: Issued;
let api: WorkloadApi;

beforeAll(() => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  sub = makeCa(folder, 'sub', { issuer: ca });
  first = makeLeaf(folder, 'first', sub, { extensions: svidExtensions(id), subject: '/C=US/O=SPIRE' });
  second = makeLeaf(folder, 'second', sub, { extensions: svidExtensions(id), keyType: 'rsa:2048' });
});
afterAll(() => removeFolder(folder));
beforeEach(async () => {
  api = await startWorkloadApi(folder, `api-${Math.random()}`);
});
afterEach(() => api.stop());

const svid = (leaf: Issued, hint = '', name = id) => givenSvid(name, leaf, { chain: [sub], hint });
const place = (socket = api.endpoint) => ({ option: '--certificate', kind: 'spiffe', socket }) as const;
const open = (more: Partial<IdentitySource> = {}) =>
  openIdentity({ certificate: place(), ...more }, recordingContext());
const failure = (work: Promise<unknown>): Promise<RolesAnywhereError> =>
  work.then(
    () => expect.unreachable('it worked'),
    (error: RolesAnywhereError) => error,
  );
const text = (value: string) => ({ option: '--spiffe-id', text: value });
const message = Buffer.from('message');

describe('the SVID', () => {
  test('comes with its chain and its key, out of one answer, and the stream ends', async () => {
    api.give([svid(first)]);
    const { certificate, chain, signer } = await open();
    expect(Buffer.from(certificate.der)).toEqual(certificateDer(first.certificate));
    expect(chain.map(({ der }) => Buffer.from(der))).toEqual([certificateDer(sub.certificate)]);
    expect((await signer.sign(message)).length).toBeGreaterThan(60);
    await expect.poll(() => api.calls.size).toBe(0);
  });

  test('SPIFFE_ENDPOINT_SOCKET says where', async () => {
    api.give([svid(first)]);
    const source = { certificate: { option: '--certificate', kind: 'spiffe' } } as const;
    const environment = { SPIFFE_ENDPOINT_SOCKET: api.endpoint };
    expect((await openIdentity(source, { ...recordingContext(), environment })).signer.algorithm).toBe('ECDSA');
    expect(await failure(openIdentity(source, recordingContext()))).toMatchObject({
      code: 'SPIFFE_UNREACHABLE',
      message: '--certificate: no Workload API is known: SPIFFE_ENDPOINT_SOCKET is not set',
    });
  });

  test('of several is chosen by ID or hint, and by neither it is nobody’s guess', async () => {
    const other = 'spiffe://example.org/other';
    api.give([svid(first, 'internal'), svid(second, 'external', other)]);
    expect(await failure(open())).toMatchObject({
      code: 'SPIFFE_AMBIGUOUS',
      hints: [`choose one by --spiffe-id or --spiffe-hint: ${id} (internal), ${other} (external)`],
    });
    expect((await open({ spiffe: { id: text(other) } })).signer.algorithm).toBe('RSA');
    expect((await open({ spiffe: { hint: text('internal') } })).signer.algorithm).toBe('ECDSA');
    expect(await failure(open({ spiffe: { id: text('spiffe://example.org/none') } }))).toMatchObject({
      code: 'SPIFFE_NOT_FOUND',
      hints: [`it gives ${id} (internal), ${other} (external)`],
    });
    const listed = await listSvids({ certificate: place() }, recordingContext());
    expect(listed.map(({ uri }) => uri)).toEqual([id, other]);
  });

  test('signs alone', async () => {
    api.give([svid(first)]);
    for (const source of [{ certificate: place() }, { privateKey: place() }]) {
      expect((await openSigner(source, recordingContext())).signer.algorithm).toBe('ECDSA');
    }
  });

  test('goes with no other key and no other certificate', async () => {
    const key = await failure(open({ privateKey: file(first.key, '--private-key') }));
    expect(key).toMatchObject({ code: 'OPTION_CONFLICT', message: '--private-key does not go with an X.509-SVID' });
    const source = { certificate: file(first.certificate), privateKey: place() };
    expect((await failure(openIdentity(source, recordingContext()))).code).toBe('OPTION_CONFLICT');
  });

  test('that has expired is told as any certificate', async () => {
    const old = makeLeaf(folder, 'old', sub, {
      extensions: svidExtensions(id),
      notAfter: new Date(Date.now() - 60_000),
    });
    api.give([svid(old)]);
    const error = await failure(open());
    expect(error.code).toBe('CERTIFICATE_EXPIRED');
    expect(error.message).toContain(`the X.509-SVID ${id}`);
  });

  test('is read for the disk cache as bytes, and the key is wiped', async () => {
    api.give([svid(first)]);
    const reader = identityReader(recordingContext());
    const { source, certificate, privateKey } = await reader.read({ certificate: place() });
    expect(certificate?.toString()).toContain('BEGIN CERTIFICATE');
    expect(privateKey?.length).toBeGreaterThan(100);
    expect((await openIdentity(source, recordingContext())).signer.algorithm).toBe('ECDSA');
    expect(api.count()).toBe(1);
    reader.wipe();
    expect(privateKey?.every((byte) => byte === 0)).toBe(true);
    expect(source.privateKey?.kind === 'bytes' && source.privateKey.bytes.every((byte) => byte === 0)).toBe(true);
  });
});

describe('a process that lives on', () => {
  const keep = (context = recordingContext()) => reloadingIdentity({ certificate: place() }, context);

  test('is told of a new SVID, and takes certificate and key of it together', async () => {
    api.give([svid(first)]);
    const identity = keep();
    const algorithm = () =>
      identity.use(async ({ signer, certificate }) => {
        await signer.sign(message);
        return Buffer.from(certificate.der).equals(certificateDer(first.certificate)) ? 'first' : signer.algorithm;
      });
    expect(await algorithm()).toBe('first');
    const told = new Promise<void>((settle) => identity.onChange(settle));
    api.give([svid(second)]);
    await told;
    expect(await algorithm()).toBe('RSA');
    await expect.poll(() => api.calls.size).toBe(1);
    expect(api.count()).toBe(2);
    await identity.close();
    await expect.poll(() => api.calls.size).toBe(0);
  });

  test('is not told of the same SVID with new bundles, and asks no second time', async () => {
    api.give([svid(first)]);
    const identity = keep();
    await identity.use(({ signer }) => signer.sign(message));
    const told = vi.fn<() => void>();
    identity.onChange(told);
    api.give([{ ...svid(first), bundle: Buffer.from('other') }]);
    api.give([svid(second)]);
    await expect.poll(() => told).toHaveBeenCalledTimes(1);
    await identity.close();
  });

  test('uses an SVID no more that was taken away, and the next one that is given', async () => {
    api.give([svid(first)]);
    const identity = keep();
    const use = () => identity.use(({ signer }) => signer.sign(message));
    await use();
    const told = new Promise<void>((settle) => identity.onChange(settle));
    api.give(undefined);
    await told;
    expect(await failure(use())).toMatchObject({
      code: 'SPIFFE_DENIED',
      message: `the Workload API at ${api.endpoint} has no identity for this process: no identity issued`,
    });
    api.give([svid(second)]);
    await use();
    await identity.close();
  });

  test('goes on while the agent is away, and hears of the new SVID when it is back', async () => {
    const name = `back-${Math.random()}`;
    const before = await startWorkloadApi(folder, name);
    before.give([svid(first)]);
    const identity = reloadingIdentity({ certificate: place(before.endpoint) }, recordingContext());
    const algorithm = () => identity.use(({ signer }) => Promise.resolve(signer.algorithm));
    expect(await algorithm()).toBe('ECDSA');
    const told = new Promise<void>((settle) => identity.onChange(settle));
    before.stop();
    expect(await algorithm()).toBe('ECDSA');
    const after = await startWorkloadApi(folder, name);
    after.give([svid(second)]);
    await told;
    expect(await algorithm()).toBe('RSA');
    await identity.close();
    after.stop();
  });
});

describe('what answers otherwise', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  async function serverThat(answer: (socket: Socket) => void): Promise<string> {
    const path = join(folder, `fake-${Math.random()}.sock`);
    const server = createServer((socket) => answer(socket.on('error', () => undefined)));
    await new Promise<void>((settle) => server.listen(path, settle));
    servers.push(server);
    return path;
  }

  /** gRPC with this body, and trailers. */
  async function grpcThat(body: Buffer, trailers?: Record<string, string>): Promise<string> {
    const path = join(folder, `grpc-${Math.random()}.sock`);
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined).on('wantTrailers', () => stream.sendTrailers(trailers ?? {}));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.write(body);
      if (trailers !== undefined) stream.end();
    });
    await new Promise<void>((settle) => server.listen(path, settle));
    servers.push(server);
    return path;
  }

  const framed = (body: Buffer): Buffer => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.length, 1);
    return Buffer.concat([prefix, body]);
  };
  const openAt = (socket: string) => openIdentity({ certificate: place(socket) }, recordingContext());

  test.each<[string, () => Promise<string>, string, RegExp]>([
    ['nobody', () => Promise.resolve(join(folder, 'none.sock')), 'SPIFFE_UNREACHABLE', /socket does not exist/],
    ['a file', () => Promise.resolve(ca.certificate), 'SPIFFE_UNREACHABLE', /is no socket|nobody listens/],
    ['who hangs up', () => serverThat((socket) => socket.destroy()), 'SPIFFE_UNREACHABLE', /connection/],
    [
      'HTTP/1.1',
      () => serverThat((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'SPIFFE_UNREACHABLE',
      /does not speak gRPC/,
    ],
    ['an answer without SVIDs', () => grpcThat(framed(Buffer.alloc(0))), 'SPIFFE_FAILED', /holds no X\.509-SVID/],
    ['a field that ends too soon', () => grpcThat(framed(Buffer.of(0x0a, 9))), 'SPIFFE_FAILED', /ends too soon/],
    ['half an SVID', () => grpcThat(framed(Buffer.of(0x0a, 2, 0x0a, 0))), 'SPIFFE_FAILED', /is not whole/],
    ['compression', () => grpcThat(Buffer.of(1, 0, 0, 0, 0)), 'SPIFFE_FAILED', /is compressed/],
    ['five MiB', () => grpcThat(Buffer.of(0, 0, 0x50, 0, 0)), 'SPIFFE_FAILED', /longer than 4 MiB/],
    [
      'a status with a message that would drive a terminal',
      () => grpcThat(Buffer.alloc(0), { 'grpc-status': '2', 'grpc-message': '%1B[31mred%0Aline' }),
      'SPIFFE_FAILED',
      /answered with status 2 of gRPC: \[31mred line$/,
    ],
    [
      'an agent that starts',
      () => grpcThat(Buffer.alloc(0), { 'grpc-status': '14' }),
      'SPIFFE_UNREACHABLE',
      /is not available now$/,
    ],
  ])('%s', async (_name, serve, code, words) => {
    const error = await failure(openAt(await serve()));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });

  test.each([
    ['nothing', Buffer.alloc(0), { first: 100, message: 60_000 }],
    ['half a message', Buffer.of(0, 0, 0, 1, 0, 9), { first: 60_000, message: 100 }],
  ])('%s, for ever, ends by the clock', async (_name, body, limits) => {
    const path = await grpcThat(body);
    const ended = new Promise<unknown>((onEnd) =>
      openGrpcStream({ address: { path }, name: 'it' }, '/x', { onMessage: () => undefined, onEnd }, limits),
    );
    expect(await ended).toMatchObject({ code: 'SPIFFE_UNREACHABLE', message: 'it gave no answer within 0.1 s' });
  });

  test('an answer in single bytes is read', async () => {
    const whole = givenSvid(id, first, { chain: [sub] });
    const field = (number: number, value: Buffer): Buffer =>
      Buffer.concat([Buffer.of(number * 8 + 2, (value.length % 0x80) + 0x80, Math.floor(value.length / 0x80)), value]);
    const inner = [Buffer.from(whole.spiffe_id), whole.x509_svid, whole.x509_svid_key].map((value, at) =>
      field(at + 1, value),
    );
    const body = framed(Buffer.concat([field(1, Buffer.concat(inner)), Buffer.of(0x78, 1)]));
    const path = join(folder, 'bytes.sock');
    const server = createHttp2Server().on('stream', (stream) => {
      stream.on('error', () => undefined).respond({ ':status': 200, 'content-type': 'application/grpc' });
      for (const byte of body) stream.write(Buffer.of(byte));
    });
    await new Promise<void>((settle) => server.listen(path, settle));
    servers.push(server);
    expect((await openAt(path)).signer.algorithm).toBe('ECDSA');
  });

  test('the wait ends with whoever waits', async () => {
    api.keepSilent();
    const controller = new AbortController();
    const source = { certificate: place() };
    const opening = failure(openIdentity(source, { ...recordingContext(), signal: controller.signal }));
    await expect.poll(() => api.calls.size).toBe(1);
    controller.abort(new Error('called off'));
    expect((await opening).message).toBe('called off');
    await expect.poll(() => api.calls.size).toBe(0);
  });
});

test('no message shows a key', async () => {
  api.give([{ ...svid(first), x509_svid_key: Buffer.from('-----BEGIN PRIVATE KEY-----\nsesame') }]);
  const error = await failure(open());
  expect(error.code).toBe('KEY_INVALID');
  expect(JSON.stringify([error.message, error.hints, String(error.cause)])).not.toContain('sesame');
});
