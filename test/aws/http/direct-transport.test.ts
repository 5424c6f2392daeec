import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket, type TlsOptions } from 'node:tls';

import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { directTransport } from '../../../src/aws/http/open-transport.ts';
import { dialEndpoint } from '../../../src/aws/http/node-sockets.ts';
import { Http1Connection } from '../../../src/aws/http/http1-connection.ts';
import { type ByteStream, type Dial, openSocket } from '../../../src/aws/http/open-socket.ts';
import type { TransportOptions, WireRequest, WireResponse } from '../../../src/aws/http/transport.ts';
import {
  makeCa,
  makeFolder,
  makeLeaf,
  removeFolder,
  type CertificateOptions,
  type Issued,
} from '../../support/openssl.ts';
import { rejectionOf } from '../../support/thrown.ts';
import {
  answer,
  answering,
  readRequest,
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from './scripted-server.ts';
import { deadPort } from '../../support/ports.ts';

const options: TransportOptions = { verify: true, connectTimeout: 20_000, requestTimeout: 20_000, maxBodyBytes: 1000 };

const request: WireRequest = {
  method: 'POST',
  target: '/prefix/sessions',
  headers: { host: 'service.test:8443', 'x-amz-date': '20260115T123456Z' },
  body: Buffer.from('{"é":1}'),
};

const servers: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(script: Script, tls?: TlsOptions): Promise<ScriptedServer> {
  const server = await startScriptedServer(script, tls);
  servers.push(server);
  return server;
}

function send(url: string, changes: Partial<TransportOptions> = {}): Promise<WireResponse> {
  return directTransport({ ...options, ...changes })
    .connect(new URL(url))
    .send(request);
}

/** Time goes by where a test says so; connections are real. */
function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

function tcpUrl(server: ScriptedServer): string {
  return `http://127.0.0.1:${server.port}`;
}

function tlsUrl(server: ScriptedServer, host = 'localhost'): string {
  return `https://${host}:${server.port}`;
}

describe('over TCP', () => {
  it('sends the request as it was signed, and gives back the whole answer', async () => {
    let received: unknown;
    const server = await serve(async (socket) => {
      received = await readRequest(socket);
      socket.write(answer(201, '{"a":1}', { 'x-amzn-requestid': 'id-1' }));
    });

    const response = await send(tcpUrl(server));

    expect(received).toEqual({
      requestLine: 'POST /prefix/sessions HTTP/1.1',
      headers: {
        host: 'service.test:8443',
        'x-amz-date': '20260115T123456Z',
        connection: 'close',
        'content-length': '8',
      },
      body: Buffer.from('{"é":1}').toString('latin1'),
    });
    expect(response).toMatchObject({ status: 201, headers: { 'x-amzn-requestid': 'id-1' } });
    expect(Buffer.from(response.body).toString()).toBe('{"a":1}');
  });

  it('connects before anything is sent', async () => {
    const server = await serve(() => undefined);

    const connection = directTransport(options).connect(new URL(tcpUrl(server)));

    await expect.poll(() => server.connections()).toBe(1);
    connection.close();
  });

  it('hands a redirect back and does not follow it', async () => {
    const server = await serve(answering(answer(307, '', { location: 'http://127.0.0.1:1/elsewhere' })));

    expect(await send(tcpUrl(server))).toMatchObject({ status: 307 });
    expect(server.connections()).toBe(1);
  });

  it('closes the connection when the answer is whole, though the server would keep it', async () => {
    let closed: Promise<unknown> = Promise.reject(new Error('no connection'));
    closed.catch(() => undefined);
    const server = await serve(async (socket) => {
      closed = once(socket, 'close');
      await answering(answer(200, 'x'))(socket, 1);
    });

    await send(tcpUrl(server));

    await expect(closed).resolves.toBeDefined();
  });

  it('uses a header value only if it is one', async () => {
    const server = await serve(() => undefined);
    const connection = directTransport(options).connect(new URL(tcpUrl(server)));

    const error = await rejectionOf(connection.send({ ...request, headers: { host: 'a\r\nx: y' } }));
    connection.close();

    expect(error).toMatchObject({
      code: 'INTERNAL',
      message: 'the header host holds a character that no header can hold',
    });
  });

  it('replaces a connection that the peer closed while nothing was sent', async () => {
    let firstClosed: Promise<unknown> | undefined;
    const server = await serve(async (socket, number) => {
      if (number > 1) return answering(answer(201, 'second'))(socket, number);
      firstClosed = once(socket, 'close');
      socket.end();
    });
    const connection = directTransport(options).connect(new URL(tcpUrl(server)));
    await expect.poll(() => firstClosed !== undefined).toBe(true);
    await firstClosed;

    const response = await connection.send(request);

    expect(Buffer.from(response.body).toString()).toBe('second');
    expect(server.connections()).toBe(2);
  });

  it('replaces it once only', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await serve((socket) => {
      closed.push(once(socket, 'close'));
      socket.end();
    });
    const connection = directTransport(options).connect(new URL(tcpUrl(server)));
    await expect.poll(() => closed.length === 1).toBe(true);
    await closed[0];

    const error = await rejectionOf(connection.send(request));

    expect(error.code).toBe('NETWORK_UNREACHABLE');
    expect(server.connections()).toBe(2);
  });

  it('tells why one has gone meanwhile that another would not be better than', async () => {
    const server = await serve(() => undefined);
    const url = new URL(tcpUrl(server));
    let socket: ByteStream | undefined;
    const dial = (how: TransportOptions): Dial => {
      return async (hold) => (socket = await dialEndpoint(url, how)(hold));
    };
    const connection = new Http1Connection({ dial, peer: 'service.test:443' }, options);
    await expect.poll(() => socket !== undefined).toBe(true);
    const closed = new Promise<void>((resolve) => void socket?.once('close', resolve));
    (socket as unknown as Socket).destroy(Object.assign(new Error('gone'), { code: 'ENETUNREACH' }));
    await closed;

    expect(await rejectionOf(connection.send(request))).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: 'service.test:443 cannot be reached (ENETUNREACH)',
    });
  });

  it('counts a connection as spent when the server says something unasked', async () => {
    const server = await serve((socket) => void socket.write(answer(408, 'too slow')));
    const open = openSocket(dialEndpoint(new URL(tcpUrl(server)), options));

    await open.opened;
    await expect.poll(() => open.isSpent()).toBe(true);
    open.destroy();
  });

  it.each([
    ['closes without an answer', (socket: Socket) => void socket.end()],
    ['resets the connection', (socket: Socket) => void socket.resetAndDestroy()],
    ['closes in the middle of the head', (socket: Socket) => void socket.end('HTTP/1.1 201 Cre')],
    [
      'closes in the middle of the body',
      (socket: Socket) => void socket.end('HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{"a"'),
    ],
  ])('tells when the server %s', async (_, act) => {
    const server = await serve(async (socket) => {
      await readRequest(socket);
      act(socket);
    });

    const error = await rejectionOf(send(tcpUrl(server)));

    expect(error.code).toBe('NETWORK_UNREACHABLE');
    expect(error.message).toMatch(
      new RegExp(
        `^127\\.0\\.0\\.1:${server.port} closed the connection before the whole answer had come( \\(ECONNRESET\\))?$`,
      ),
    );
    expect(server.connections()).toBe(1);
  });

  it('tells host, port and code when nothing listens', async () => {
    const error = await rejectionOf(send(`http://127.0.0.1:${deadPort}`));

    expect(error).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: `127.0.0.1:${deadPort} cannot be reached (ECONNREFUSED)`,
      hints: ['nothing listens there: check host and port'],
      cause: { code: 'ECONNREFUSED' },
    });
  });

  it('tells it of a name with several addresses too', async () => {
    const error = await rejectionOf(send(`http://localhost:${deadPort}`));

    expect(error).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: `localhost:${deadPort} cannot be reached (ECONNREFUSED)`,
    });
  });

  it.each([
    ['never comes', (_socket: Socket) => undefined],
    [
      'stops in the middle',
      (socket: Socket) => void socket.write('HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{'),
    ],
    ['is only interim', (socket: Socket) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n')],
  ])('gives up on an answer that %s', async (_, act) => {
    const server = await serve(async (socket) => {
      await readRequest(socket);
      act(socket);
    });

    const error = await rejectionOf(send(tcpUrl(server), { requestTimeout: 60 }));

    expect(error).toMatchObject({
      code: 'NETWORK_TIMEOUT',
      message: `no whole answer from 127.0.0.1:${server.port} within 60 ms`,
    });
  });

  it('leaves the time to connect out of it once the connection stands', async () => {
    stopTime();
    const server = await serve(async (socket) => {
      await readRequest(socket);
      vi.advanceTimersByTime(1500);
      socket.write(answer(201, 'slow'));
    });

    expect(await send(tcpUrl(server), { connectTimeout: 1000 })).toMatchObject({ status: 201 });
  });

  it('takes an answer that ends with the connection', async () => {
    const server = await serve(async (socket) => {
      await readRequest(socket);
      socket.end('HTTP/1.0 201 Created\r\n\r\nto the end');
    });

    const response = await send(tcpUrl(server));

    expect(Buffer.from(response.body).toString()).toBe('to the end');
  });

  it('starts the time for the answer with the sending', async () => {
    stopTime();
    const server = await serve(answering(answer(201, 'ok')));
    const connection = directTransport({ ...options, requestTimeout: 1000 }).connect(new URL(tcpUrl(server)));
    vi.advanceTimersByTime(1500);

    expect(await connection.send(request)).toMatchObject({ status: 201 });
  });

  it('refuses what is no answer and what is too large', async () => {
    const garbage = await serve(answering('SSH-2.0-OpenSSH_9.2\r\n'));
    const large = await serve(answering(answer(201, 'x'.repeat(1001))));

    expect(await rejectionOf(send(tcpUrl(garbage)))).toMatchObject({
      code: 'RESPONSE_INVALID',
      message: `the answer of 127.0.0.1:${garbage.port} is no valid HTTP/1.1: it does not begin with a status line`,
    });
    expect(await rejectionOf(send(tcpUrl(large)))).toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
      message: `the answer of 127.0.0.1:${large.port} is larger than 1000 bytes`,
    });
  });

  it('drops what was not used without a word, whether it was open or could not be', async () => {
    const server = await serve(answering(answer(200, '')));
    const transport = directTransport(options);
    transport.connect(new URL(tcpUrl(server))).close();
    const refused = transport.connect(new URL(`http://127.0.0.1:${deadPort}`));
    transport.connect(new URL('https://127.0.0.1:1')).close();

    // An unhandled rejection or 'error' of these would fail this run while the next exchange goes on.
    await send(tcpUrl(server));
    refused.close();

    const error = await rejectionOf(refused.send(request));
    expect(error).toMatchObject({ code: 'INTERNAL', message: 'a connection was used after it was closed' });
  });
});

describe('over TLS', () => {
  const day = 24 * 60 * 60 * 1000;
  let folder: string;
  let ca: Issued;
  let trusted: NonNullable<TransportOptions['ca']>;

  beforeAll(() => {
    folder = makeFolder();
    ca = makeCa(folder, 'server-ca');
    trusted = { pem: [readFileSync(ca.certificate, 'utf8')], bundle: { option: 'AWS_CA_BUNDLE', path: '/ca.pem' } };
  });
  afterAll(() => removeFolder(folder));

  function serverCertificate(name: string, names: string, more: CertificateOptions = {}): TlsOptions {
    const extensions = ['basicConstraints = CA:FALSE', 'extendedKeyUsage = serverAuth', `subjectAltName = ${names}`];
    const issued = makeLeaf(folder, name, ca, { extensions, ...more });
    return { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };
  }

  it('reaches a host by name, indicates the name, and speaks HTTP/1.1 over TLS 1.2 or newer', async () => {
    let seen: unknown;
    const server = await serve(
      async (socket, number) => {
        seen = socket instanceof TLSSocket ? [socket.servername, socket.alpnProtocol] : [];
        await answering(answer(201, 'secure'))(socket, number);
      },
      { ...serverCertificate('by-name', 'DNS:localhost'), ALPNProtocols: ['h2', 'http/1.1'] },
    );

    expect(await send(tlsUrl(server), { ca: trusted })).toMatchObject({ status: 201 });
    expect(seen).toEqual(['localhost', 'http/1.1']);
  });

  it('reaches a host by address, and indicates no name', async () => {
    let servername: unknown;
    const server = await serve(
      async (socket, number) => {
        servername = socket instanceof TLSSocket ? socket.servername : 'no TLS';
        await answering(answer(201, 'secure'))(socket, number);
      },
      serverCertificate('by-address', 'IP:127.0.0.1'),
    );

    expect(await send(tlsUrl(server, '127.0.0.1'), { ca: trusted })).toMatchObject({ status: 201 });
    expect(servername).toBe(false);
  });

  it('takes TLS 1.2', async () => {
    const server = await serve(answering(answer(201, '')), {
      ...serverCertificate('tls12', 'DNS:localhost'),
      maxVersion: 'TLSv1.2',
    });

    expect(await send(tlsUrl(server), { ca: trusted })).toMatchObject({ status: 201 });
  });

  it('does not take TLS 1.1', async () => {
    const server = await serve(answering(answer(201, '')), {
      ...serverCertificate('tls11', 'DNS:localhost', { keyType: 'rsa:2048' }),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });

    const error = await rejectionOf(send(tlsUrl(server), { ca: trusted }));

    expect(error.code).toBe('NETWORK_TLS');
    expect(error.message).toMatch(
      new RegExp(
        `^no TLS connection to localhost:${server.port}: it does not speak TLS 1\\.2 or newer \\(ERR_SSL_\\w+\\)$`,
      ),
    );
  });

  it('does not trust a CA that nobody named, and says how to name it', async () => {
    const server = await serve(answering(answer(201, '')), serverCertificate('unknown-ca', 'DNS:localhost'));

    const error = await rejectionOf(send(tlsUrl(server)));

    expect(error).toMatchObject({
      code: 'NETWORK_TLS',
      message: `the TLS certificate of localhost:${server.port} is not trusted: its issuer is not among the trusted CAs (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
      hints: [expect.stringMatching(/system's store.*SSL_CERT_FILE.*NODE_EXTRA_CA_CERTS.*--ca-bundle.*AWS_CA_BUNDLE/)],
    });
  });

  it('does not trust another CA than the one named, and names where that came from', async () => {
    const other = makeCa(folder, 'other-ca');
    const server = await serve(answering(answer(201, '')), serverCertificate('other', 'DNS:localhost'));

    const error = await rejectionOf(
      send(tlsUrl(server), {
        ca: {
          pem: [readFileSync(other.certificate, 'utf8')],
          bundle: { option: '--ca-bundle', path: other.certificate },
        },
      }),
    );

    expect(error.code).toBe('NETWORK_TLS');
    expect(error.hints[0]).toBe(
      `only the certificates of --ca-bundle (${other.certificate}) are trusted; leave it out to trust the default ones`,
    );
  });

  it('does not trust a self-signed certificate', async () => {
    const self = makeCa(folder, 'localhost', { extensions: ['subjectAltName = DNS:localhost'] });
    const server = await serve(answering(answer(201, '')), {
      cert: readFileSync(self.certificate),
      key: readFileSync(self.key),
    });

    expect(await rejectionOf(send(tlsUrl(server)))).toMatchObject({
      code: 'NETWORK_TLS',
      message: `the TLS certificate of localhost:${server.port} is not trusted: it is self-signed and not among the trusted certificates (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    });
  });

  it.each([
    ['another name', 'DNS:other.test', 'localhost'],
    ['a name where an address is asked', 'DNS:localhost', '127.0.0.1'],
  ])('does not trust a certificate for %s', async (_, names, host) => {
    const server = await serve(answering(answer(201, '')), serverCertificate('wrong-name', names));

    expect(await rejectionOf(send(tlsUrl(server, host), { ca: trusted }))).toMatchObject({
      code: 'NETWORK_TLS',
      message: `the TLS certificate of ${host}:${server.port} is not trusted: it is for another host (ERR_TLS_CERT_ALTNAME_INVALID)`,
      hints: [
        `the certificate is for ${names}`,
        'check the host name in --endpoint, and that no proxy answers in its place',
      ],
    });
  });

  it.each([
    [
      'has expired',
      { notBefore: new Date(Date.now() - 3 * day), notAfter: new Date(Date.now() - day) },
      'CERT_HAS_EXPIRED',
    ],
    ['is not valid yet', { notBefore: new Date(Date.now() + day) }, 'CERT_NOT_YET_VALID'],
  ])('does not trust a certificate that %s', async (fault, dates, code) => {
    const server = await serve(answering(answer(201, '')), serverCertificate('dates', 'DNS:localhost', dates));

    const error = await rejectionOf(send(tlsUrl(server), { ca: trusted }));

    expect(error).toMatchObject({
      code: 'NETWORK_TLS',
      message: `the TLS certificate of localhost:${server.port} is not trusted: it, or one of its issuers, ${fault} (${code})`,
    });
    expect(error.hints[0]).toBe("check the clock of this machine, then the dates of the server's certificate");
  });

  it('trusts anything where verification is off', async () => {
    const server = await serve(answering(answer(201, '')), serverCertificate('unverified', 'DNS:other.test'));

    expect(await send(tlsUrl(server), { verify: false })).toMatchObject({ status: 201 });
  });

  it('tells when what answers is not TLS', async () => {
    const server = await serve((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));

    const error = await rejectionOf(send(tlsUrl(server)));

    expect(error.code).toBe('NETWORK_TLS');
    expect(error.message).toMatch(
      new RegExp(`^no TLS connection to localhost:${server.port}: what answers there is not TLS \\(ERR_SSL_\\w+\\)$`),
    );
  });

  it('tells when the handshake fails for another reason', async () => {
    const server = await serve(answering(answer(201, '')), {
      ...serverCertificate('http2-only', 'DNS:localhost'),
      ALPNProtocols: ['h2'],
    });

    const error = await rejectionOf(send(tlsUrl(server), { ca: trusted }));

    expect(error.code).toBe('NETWORK_TLS');
    expect(error.message).toMatch(/: the handshake failed \(ERR_SSL_\w+\)$/);
  });

  it('gives up on a handshake that never comes', async () => {
    const server = await serve(() => undefined);

    expect(await rejectionOf(send(tlsUrl(server), { connectTimeout: 60 }))).toMatchObject({
      code: 'NETWORK_TIMEOUT',
      message: `no connection to localhost:${server.port} within 60 ms`,
    });
  });

  it('gives the whole time to connect after a prompt that blocked', async () => {
    const tls = serverCertificate('blocked', 'DNS:localhost');
    const server = await serve(answering(answer(201, 'late')), tls);
    const connection = directTransport({ ...options, connectTimeout: 1000, ca: trusted }).connect(
      new URL(tlsUrl(server)),
    );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);

    expect(await connection.send(request)).toMatchObject({ status: 201 });
  });

  it('replaces a connection that the peer closed while nothing was sent', async () => {
    let firstClosed: Promise<unknown> | undefined;
    const server = await serve(
      async (socket, number) => {
        if (number > 1) return answering(answer(201, 'second'))(socket, number);
        firstClosed = once(socket, 'close');
        socket.end();
      },
      serverCertificate('closing', 'DNS:localhost'),
    );
    const connection = directTransport({ ...options, ca: trusted }).connect(new URL(tlsUrl(server)));
    await expect.poll(() => firstClosed !== undefined).toBe(true);
    await firstClosed;

    expect(await connection.send(request)).toMatchObject({ status: 201 });
    expect(server.connections()).toBe(2);
  });
});

describe('underway', () => {
  it('settles once the server has the connection', async () => {
    const server = await serve(answering(answer(201, '{}')));
    const connection = directTransport(options).connect(new URL(tcpUrl(server)));
    await connection.underway;
    expect(await connection.send(request)).toMatchObject({ status: 201 });
  });

  it('settles, and nothing is thrown, where nobody listens', async () => {
    const connection = directTransport(options).connect(new URL(`http://127.0.0.1:${deadPort}`));
    await connection.underway;
    expect((await rejectionOf(connection.send(request))).code).toBe('NETWORK_UNREACHABLE');
  });
});

describe('after the answer', () => {
  it('nothing more is kept, and the connection is dropped though the server goes on', async () => {
    const server = await serve(async (socket) => {
      await readRequest(socket);
      socket.write(answer(201, '{}'));
      const more = setInterval(() => socket.write('x'.repeat(1000)), 1);
      socket.once('close', () => clearInterval(more));
    });
    await send(tcpUrl(server));
    await expect.poll(() => server.open()).toBe(0);
  });
});
