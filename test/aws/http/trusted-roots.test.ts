import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { openHttpTransport } from '../../../src/aws/http/open-transport.ts';
import type { NetworkOptions } from '../../../src/aws/create-session/session-request.ts';
import { allRoots, firstRoots } from '../../../src/aws/http/trusted-roots.ts';
import type { WireResponse } from '../../../src/aws/http/transport.ts';
import { startConnectProxy } from '../../support/connect-proxy.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../../support/openssl.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { answer, answering, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const network: NetworkOptions = { verify: true, maxAttempts: 1, connectTimeout: 30_000, requestTimeout: 30_000 };

let folder: string;
let ca: Issued;
let other: Issued;
beforeAll(() => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca', { subject: '/O=Example/CN=Inspection Root' });
  other = makeCa(folder, 'other');
});
afterAll(() => removeFolder(folder));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

const text = (path: string): string => readFileSync(path, 'utf8');

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function directory(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [entry, content] of Object.entries(files)) writeFileSync(join(path, entry), content);
  return path;
}

interface Server extends ScriptedServer {
  readonly url: URL;
  /** Handshakes that were begun, whatever became of them. */
  readonly begun: () => number;
}

async function serve(issued: Issued, more: TlsOptions = {}): Promise<Server> {
  let begun = 0;
  const tls = { cert: text(issued.certificate), key: text(issued.key), ...more };
  const counting: TlsOptions = { ...tls, ALPNCallback: () => ((begun += 1), 'http/1.1') };
  const server = await startScriptedServer(answering(answer(201, 'through')), counting);
  cleanups.push(() => server.close());
  return { ...server, url: new URL(`https://127.0.0.1:${server.port}`), begun: () => begun };
}

let number = 0;
function leaf(issuer: Issued, options: Parameters<typeof makeLeaf>[3] = {}): Issued {
  return makeLeaf(folder, `leaf-${(number += 1)}`, issuer, {
    extensions: ['subjectAltName = IP:127.0.0.1'],
    ...options,
  });
}

const warnings: string[] = [];
afterEach(() => {
  warnings.length = 0;
});

async function send(options: NetworkOptions, { url }: { url: URL }): Promise<WireResponse> {
  const transport = await openHttpTransport(options, url, { warn: (message) => warnings.push(message) });
  return transport.connect(url).send({ method: 'POST', target: '/', headers: {}, body: Buffer.from('{}') });
}

const withRoots = (roots: NonNullable<NetworkOptions['roots']>): NetworkOptions => ({ ...network, roots });

describe('SSL_CERT_FILE', () => {
  it('is trusted at the first try', async () => {
    const server = await serve(leaf(ca));

    expect(await send(withRoots({ file: ca.certificate }), server)).toMatchObject({ status: 201 });
    expect(server.begun()).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('does not suffer from a damaged certificate before the right one', async () => {
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const path = file('damaged-first.pem', `# roots\r\n${damaged}${text(other.certificate)}\n${text(ca.certificate)}`);

    expect(await send(withRoots({ file: path }), await serve(leaf(ca)))).toMatchObject({ status: 201 });
  });

  it('leaves out no root of Node’s own', async () => {
    const trusted = await firstRoots(withRoots({ file: ca.certificate }));

    expect(trusted?.pem).toContain(text(ca.certificate).trim());
    expect(trusted?.pem.length).toBeGreaterThan(100);
    expect(new Set(trusted?.pem).size).toBe(trusted?.pem.length);
  });

  it.each([
    ['is missing', 'missing.pem', undefined, 'cannot be read, and is passed over: ENOENT'],
    ['is empty', 'empty.pem', '', 'holds no certificate in PEM, and is passed over'],
    [
      'is damaged',
      'damaged.pem',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'holds no certificate in PEM, and is passed over',
    ],
  ])('that %s is passed over, and told once', async (_, name, content, warning) => {
    const path = content === undefined ? join(folder, name) : file(name, content);
    const options = withRoots({ file: path });
    const server = await serve(leaf(ca));

    expect(await firstRoots(options)).toBeUndefined();
    expect((await rejectionOf(send(options, server))).code).toBe('NETWORK_TLS');
    expect((await rejectionOf(send(options, server))).code).toBe('NETWORK_TLS');
    expect(warnings).toEqual([`SSL_CERT_FILE (${path}) ${warning}`]);
  });

  it('without an end is passed over', async () => {
    expect(await firstRoots(withRoots({ file: '/dev/zero' }), (message) => warnings.push(message))).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^SSL_CERT_FILE \(\/dev\/zero\) cannot be read, and is passed/)]);
  });
});

describe('SSL_CERT_DIR', () => {
  it('is every file of each folder, links to elsewhere too', async () => {
    const first = directory('first', { 'readme.txt': 'no certificate', 'other.pem': text(other.certificate) });
    const second = directory('second', {});
    symlinkSync(ca.certificate, join(second, 'ca.pem'));
    const options = withRoots({ folders: `${first}:${join(folder, 'missing')}:${second}` });
    const server = await serve(leaf(ca));

    expect(await send(options, server)).toMatchObject({ status: 201 });
    expect(server.begun()).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('is told when it holds nothing', async () => {
    const path = directory('nothing', { 'readme.txt': 'no certificate' });

    await rejectionOf(send(withRoots({ folders: path }), await serve(leaf(ca))));

    expect(warnings).toEqual([`SSL_CERT_DIR (${path}) holds no certificate in PEM, and is passed over`]);
  });
});

describe('a CA bundle', () => {
  it('stands alone', async () => {
    const options = {
      ...withRoots({ file: ca.certificate }),
      caBundle: { path: other.certificate, option: '--ca-bundle' },
    };

    const failure = await rejectionOf(send(options, await serve(leaf(ca))));

    expect(failure.code).toBe('NETWORK_TLS');
    expect(failure.hints).toContainEqual(expect.stringMatching(/^only the certificates of --ca-bundle \(/));
    expect((await allRoots(options))?.pem).toEqual([text(other.certificate).trim()]);
  });

  it('that was replaced is read again when it is not enough', async () => {
    const path = file('rotated.pem', text(other.certificate));
    const options = { ...network, caBundle: { path, option: 'AWS_CA_BUNDLE' } };
    const server = await serve(leaf(ca));
    await rejectionOf(send(options, server));
    writeFileSync(path, text(ca.certificate));

    expect(await send(options, server)).toMatchObject({ status: 201 });
  });

  it('with a damaged certificate in it serves with the others', async () => {
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const path = file('half.pem', damaged + text(ca.certificate));

    const options = { ...network, caBundle: { path, option: 'AWS_CA_BUNDLE' } };
    expect(await send(options, await serve(leaf(ca)))).toMatchObject({ status: 201 });
  });
});

/** A place whose content is read again, in place of the system's store, which no test may write to. */
function replaced(name: string): { options: NetworkOptions; trust: (path: string) => void } {
  const path = file(name, text(other.certificate));
  return { options: withRoots({ file: path }), trust: (issuer) => writeFileSync(path, text(issuer)) };
}

describe('the second try', () => {
  it('is verified, remembered, and made no more', async () => {
    const { options, trust } = replaced('later.pem');
    const server = await serve(leaf(ca));
    expect((await rejectionOf(send(options, server))).code).toBe('NETWORK_TLS');
    expect(server.begun()).toBe(2);
    trust(ca.certificate);

    expect(await send(options, server)).toMatchObject({ status: 201 });
    expect(server.begun()).toBe(4);
    expect(await send(options, server)).toMatchObject({ status: 201 });
    expect(server.begun()).toBe(5);
  });

  it.each([
    ['the leaf alone', (issuer: Issued) => leaf(issuer), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [
      'itself',
      () => makeCa(folder, 'self', { extensions: ['subjectAltName = IP:127.0.0.1'] }),
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
  ])('is made where the server sends %s', async (_, make, code) => {
    const server = await serve(make(ca));

    expect((await rejectionOf(send(network, server))).message).toContain(`(${code})`);
    expect(server.begun()).toBe(2);
    expect(server.connections()).toBe(0);
  });

  it('is made where the server sends its root, or an intermediate', async () => {
    const middle = makeCa(folder, 'middle', { issuer: ca });
    const below = leaf(middle);
    const rooted = await serve(below, {
      cert: text(below.certificate) + text(middle.certificate) + text(ca.certificate),
    });
    const rootless = await serve(below, { cert: text(below.certificate) + text(middle.certificate) });

    expect((await rejectionOf(send(network, rooted))).message).toContain('(SELF_SIGNED_CERT_IN_CHAIN)');
    expect((await rejectionOf(send(network, rootless))).message).toContain('(UNABLE_TO_GET_ISSUER_CERT_LOCALLY)');
    expect([rooted.begun(), rootless.begun()]).toEqual([2, 2]);
  });

  it.each([
    [
      'of another host',
      () => leaf(ca, { extensions: ['subjectAltName = DNS:other.test'] }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    ['that has expired', () => leaf(ca, { notBefore: new Date(1e12), notAfter: new Date(1.1e12) }), 'CERT_HAS_EXPIRED'],
    [
      'that is no server’s',
      () => leaf(ca, { extensions: ['subjectAltName = IP:127.0.0.1', 'extendedKeyUsage = clientAuth'] }),
      'INVALID_PURPOSE',
    ],
  ])('is not made for a certificate %s', async (_, make, code) => {
    const server = await serve(make());

    expect((await rejectionOf(send(withRoots({ file: ca.certificate }), server))).message).toContain(`(${code})`);
    expect(server.begun()).toBe(1);
    expect(server.connections()).toBe(0);
  });

  it('ends with the time to connect', async () => {
    const { options } = replaced('slow.pem');
    let sockets = 0;
    const server = await serve(leaf(ca));
    const silent = await startScriptedServer((socket) => {
      sockets += 1;
      if (sockets === 1) socket.pipe(connectTo(server.port, '127.0.0.1').on('error', () => undefined)).pipe(socket);
    });
    cleanups.push(() => silent.close());
    const url = new URL(`https://127.0.0.1:${silent.port}`);

    const failure = await rejectionOf(send({ ...options, connectTimeout: 1500 }, { url }));

    expect(failure).toMatchObject({ code: 'NETWORK_TIMEOUT' });
    expect(sockets).toBe(2);
  });

  it('goes through the proxy again', async () => {
    const { options, trust } = replaced('proxied.pem');
    const extensions = ['subjectAltName = DNS:service.test'];
    const server = await serve(leaf(ca, { extensions }));
    const proxy = await startConnectProxy(server.port);
    cleanups.push(() => proxy.close());
    const through = { ...options, proxy: { url: `http://127.0.0.1:${proxy.port}`, option: 'HTTPS_PROXY' } };
    const url = new URL('https://service.test');
    await rejectionOf(send(through, { url }));
    trust(ca.certificate);

    expect(await send(through, { url })).toMatchObject({ status: 201 });
    expect(proxy.asked).toHaveLength(4);
  });

  it('is made for the certificate of the proxy itself', async () => {
    const { options, trust } = replaced('tls-proxy.pem');
    const server = await serve(leaf(ca, { extensions: ['subjectAltName = DNS:service.test'] }));
    const own = leaf(ca, { extensions: ['subjectAltName = DNS:localhost'] });
    const proxy = await startConnectProxy(server.port, { tls: { cert: text(own.certificate), key: text(own.key) } });
    cleanups.push(() => proxy.close());
    const through = { ...options, proxy: { url: `https://localhost:${proxy.port}`, option: 'HTTPS_PROXY' } };
    const url = new URL('https://service.test');
    const failure = await rejectionOf(send(through, { url }));
    expect(failure.message).toMatch(/^the TLS certificate of the proxy localhost:\d+ of HTTPS_PROXY is not trusted/);
    expect(failure.hints[0]).toBe("the certificate leads to the CA 'CN=Inspection Root, O=Example'");
    expect(proxy.asked).toEqual([]);
    trust(ca.certificate);

    expect(await send(through, { url })).toMatchObject({ status: 201 });
  });
});

describe('who answered in place of a trusted server', () => {
  it('is told by the CA at the top', async () => {
    const middle = makeCa(folder, 'middle-2', { issuer: ca });
    const below = leaf(middle);
    const server = await serve(below, { cert: text(below.certificate) + text(middle.certificate) });

    const failure = await rejectionOf(send(network, server));

    expect(failure.hints).toEqual([
      "the certificate leads to the CA 'CN=Inspection Root, O=Example'",
      expect.stringMatching(/system's store.*SSL_CERT_FILE.*NODE_EXTRA_CA_CERTS.*--ca-bundle.*AWS_CA_BUNDLE/),
    ]);
  });

  it('is told to inspect, where AWS was asked', async () => {
    const host = 'rolesanywhere.eu-west-1.amazonaws.com';
    const server = await serve(leaf(ca, { extensions: [`subjectAltName = DNS:${host}`] }));
    const proxy = await startConnectProxy(server.port);
    cleanups.push(() => proxy.close());
    const through = { ...network, proxy: { url: `http://127.0.0.1:${proxy.port}`, option: 'HTTPS_PROXY' } };

    const failure = await rejectionOf(send(through, { url: new URL(`https://${host}`) }));

    expect(failure.hints[0]).toBe(
      "the certificate leads to the CA 'CN=Inspection Root, O=Example': as AWS has none but public CAs, a proxy on the way inspects TLS",
    );
  });
});
