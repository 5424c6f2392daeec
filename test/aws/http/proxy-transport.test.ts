import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { RolesAnywhereError } from '../../../src/core/errors.ts';
import { proxyTransport } from '../../../src/aws/http/proxy-transport.ts';
import type { TransportOptions, WireRequest, WireResponse } from '../../../src/aws/http/transport.ts';
import { type ConnectProxy, type ProxySettings, startConnectProxy } from '../../support/connect-proxy.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder, type Issued } from '../../support/openssl.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { answer, answering, readRequest, startScriptedServer, type ScriptedServer } from './scripted-server.ts';
import { deadPort } from '../../support/ports.ts';

let folder: string;
let ca: Issued;
let options: TransportOptions;

beforeAll(() => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  const trusted = { pem: [readFileSync(ca.certificate, 'utf8')], bundle: { option: 'AWS_CA_BUNDLE', path: '/ca.pem' } };
  options = { ca: trusted, verify: true, connectTimeout: 20_000, requestTimeout: 20_000, maxBodyBytes: 1000 };
});
afterAll(() => removeFolder(folder));

function certificateFor(name: string): TlsOptions {
  const issued = makeLeaf(folder, name, ca, { extensions: [`subjectAltName = DNS:${name}`] });
  return { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

async function startProxy(targetPort: number, settings: ProxySettings = {}): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(targetPort, settings);
  cleanups.push(() => proxy.close());
  return proxy;
}

async function startService(name = 'service.test'): Promise<ScriptedServer> {
  const server = await startScriptedServer(answering(answer(201, 'through')), certificateFor(name));
  cleanups.push(() => server.close());
  return server;
}

const request: WireRequest = {
  method: 'POST',
  target: '/sessions',
  headers: { host: 'service.test' },
  body: Buffer.from('{}'),
};

function send(
  proxy: string,
  endpoint = 'https://service.test',
  changes: Partial<TransportOptions> = {},
): Promise<WireResponse> {
  return proxyTransport({ url: new URL(proxy), option: 'HTTPS_PROXY' }, { ...options, ...changes })
    .connect(new URL(endpoint))
    .send(request);
}

function secretFree(error: RolesAnywhereError): boolean {
  const cause = error.cause instanceof Error ? error.cause.message : String(error.cause);
  return ![error.message, ...error.hints, cause].some((text) => text.includes('hunter2'));
}

describe('through a proxy', () => {
  it('the service is reached in TLS of its own, by its own name and port', async () => {
    const service = await startService();
    const proxy = await startProxy(service.port);

    const response = await send(`http://127.0.0.1:${proxy.port}`);
    await send(`http://127.0.0.1:${proxy.port}`, 'https://service.test:8443/prefix');

    expect(Buffer.from(response.body).toString()).toBe('through');
    expect(proxy.asked).toEqual([
      { target: 'service.test:443', authorization: undefined },
      { target: 'service.test:8443', authorization: undefined },
    ]);
  });

  it('the proxy may itself be reached by TLS', async () => {
    const service = await startService();
    const proxy = await startProxy(service.port, { tls: certificateFor('localhost') });

    const response = await send(`https://localhost:${proxy.port}`);

    expect(Buffer.from(response.body).toString()).toBe('through');
  });

  it('user name and password of the proxy URL are decoded and sent to the proxy', async () => {
    const service = await startService();
    const proxy = await startProxy(service.port, { credentials: 'some user:hunter2@é100%' });

    expect(await send(`http://some%20user:hunter2%40é100%@127.0.0.1:${proxy.port}`)).toMatchObject({ status: 201 });
  });

  it('the trace names the proxy without its credentials', () => {
    const proxy = { url: new URL('http://user:hunter2@proxy.test'), option: 'HTTPS_PROXY' };

    expect(proxyTransport(proxy, options).proxy).toBe('proxy.test:80');
  });

  it.each(['', 'user:wrong-hunter2@', 'user@'])(
    'wrong credentials are told, and not repeated: %s',
    async (credentials) => {
      const proxy = await startProxy(1, { credentials: 'user:right' });

      const error = await rejectionOf(send(`http://${credentials}127.0.0.1:${proxy.port}`));

      expect(error).toMatchObject({
        code: 'NETWORK_PROXY',
        message: `the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY refuses to connect to service.test:443 (status 407)`,
        hints: ['put user name and password into the proxy URL: http://user:password@host:port'],
      });
      expect(secretFree(error)).toBe(true);
    },
  );

  it('a certificate that is not trusted is no matter of the proxy', async () => {
    const service = await startService('other.test');
    const proxy = await startProxy(service.port);

    expect(await rejectionOf(send(`http://127.0.0.1:${proxy.port}`))).toMatchObject({
      code: 'NETWORK_TLS',
      message: `the TLS certificate of service.test:443 (by the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY) is not trusted: it is for another host (ERR_TLS_CERT_ALTNAME_INVALID)`,
    });
    expect(service.connections()).toBe(0);
  });

  it('the proxy of another name is not trusted', async () => {
    const proxy = await startProxy(1, { tls: certificateFor('other-proxy.test') });

    expect(await rejectionOf(send(`https://localhost:${proxy.port}`))).toMatchObject({
      code: 'NETWORK_TLS',
      message: `the TLS certificate of the proxy localhost:${proxy.port} of HTTPS_PROXY is not trusted: it is for another host (ERR_TLS_CERT_ALTNAME_INVALID)`,
    });
  });

  it('limits are those of a direct connection', async () => {
    const service = await startScriptedServer(answering(answer(201, 'x'.repeat(1001))), certificateFor('service.test'));
    cleanups.push(() => service.close());
    const proxy = await startProxy(service.port);

    expect((await rejectionOf(send(`http://127.0.0.1:${proxy.port}`))).code).toBe('RESPONSE_TOO_LARGE');
  });
});

/** Reads what is asked, says these bytes and closes; without bytes it says nothing. */
async function scripted(bytes: string | undefined): Promise<number> {
  const server = await startScriptedServer(async (socket) => {
    await readRequest(socket);
    if (bytes !== undefined) socket.end(bytes);
  });
  cleanups.push(() => server.close());
  return server.port;
}

describe('a proxy that', () => {
  it('does not listen is named', async () => {
    expect(await rejectionOf(send(`http://user:hunter2@127.0.0.1:${deadPort}`))).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: `the proxy 127.0.0.1:${deadPort} of HTTPS_PROXY cannot be reached (ECONNREFUSED)`,
    });
  });

  it('forbids is named, and is no reason to try again', async () => {
    const port = await scripted('HTTP/1.1 403 Forbidden\r\n\r\n');

    expect(await rejectionOf(send(`http://127.0.0.1:${port}`))).toMatchObject({
      code: 'NETWORK_PROXY',
      message: `the proxy 127.0.0.1:${port} of HTTPS_PROXY refuses to connect to service.test:443 (status 403)`,
      hints: ['ask who runs the proxy to let this host through; NO_PROXY or --with-proxy=false goes without it'],
    });
  });

  it.each([100, 101, 199])('answers by what opens no tunnel (%s) is not spoken TLS to', async (status) => {
    const port = await scripted(`HTTP/1.1 ${status} Switching Protocols\r\n\r\n`);

    expect(await rejectionOf(send(`http://127.0.0.1:${port}`))).toMatchObject({
      code: 'NETWORK_PROXY',
      message: `the proxy 127.0.0.1:${port} of HTTPS_PROXY refuses to connect to service.test:443 (status ${status})`,
    });
  });

  it.each([502, 503, 504])('cannot reach the service (%s) may later', async (status) => {
    const port = await scripted(`HTTP/1.1 ${status} Bad\r\n\r\n`);

    expect(await rejectionOf(send(`http://127.0.0.1:${port}`))).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: `the proxy 127.0.0.1:${port} of HTTPS_PROXY cannot reach service.test:443 (status ${status})`,
    });
  });

  it.each([
    ['is none', 'SSH-2.0\r\n\r\n', 'it does not begin with a status line'],
    ['never stops', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(70_000)}`, 'its headers are larger than 65536 bytes'],
  ])('%s is named', async (_, bytes, fault) => {
    const port = await scripted(bytes);

    expect(await rejectionOf(send(`http://127.0.0.1:${port}`))).toMatchObject({
      code: 'NETWORK_PROXY',
      message: `the proxy 127.0.0.1:${port} of HTTPS_PROXY gave no valid answer to CONNECT: ${fault}`,
    });
  });

  it('closes is named', async () => {
    const port = await scripted('');

    expect(await rejectionOf(send(`http://127.0.0.1:${port}`))).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: `the proxy 127.0.0.1:${port} of HTTPS_PROXY closed the connection before the whole answer had come`,
    });
  });

  it('says nothing is given up', async () => {
    const port = await scripted(undefined);

    const error = await rejectionOf(send(`http://127.0.0.1:${port}`, undefined, { connectTimeout: 60 }));

    expect(error).toMatchObject({
      code: 'NETWORK_TIMEOUT',
      message: `no connection to service.test:443 (by the proxy 127.0.0.1:${port} of HTTPS_PROXY) within 60 ms`,
    });
  });
});
