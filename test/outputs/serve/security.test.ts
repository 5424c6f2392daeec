import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, askRaw, imdsToken, type Reply, rolesPath } from '../../support/ask-server.ts';
import { type ServedSandbox, serveSandbox } from './served-sandbox.ts';

/** Where its parser differs, the tests say so: `npm run test:bun`. */
const isBun = process.versions['bun'] !== undefined;
let server: ServedSandbox;

beforeAll(async () => {
  server = await serveSandbox();
});
afterAll(() => server.close());

const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };

/** Every way to something worth having, with everything it needs but the given headers. */
async function everyWay(headers: Record<string, string>): Promise<readonly Reply[]> {
  const token = { 'X-aws-ec2-metadata-token': await imdsToken(server.url) };
  return [
    await ask(server.url, '/latest/api/token', { method: 'PUT', headers: { ...ttl, ...headers } }),
    await ask(server.url, rolesPath, { headers: { ...token, ...headers } }),
    await ask(server.url, `${rolesPath}Worker`, { headers: { ...token, ...headers } }),
    await ask(server.url, `${rolesPath}Worker`, { method: 'HEAD', headers: { ...token, ...headers } }),
    await ask(server.url, '/credentials', { headers: { Authorization: server.token, ...headers } }),
    await ask(server.url, '/metrics', { headers }),
  ];
}

const leaks = /SecretAccessKey|ASIA[A-Z2-7]{16}/;

test('without anything foreign every way is open', async () => {
  expect((await everyWay({})).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
});

test.each([
  ['a name that was bound to 127.0.0.1 after the page was loaded', { Host: 'attacker.example' }],
  ['the same with our port', { Host: 'attacker.example:9911' }],
  ['a name below a loopback name', { Host: 'localhost.attacker.example' }],
  ['an address of another machine', { Host: '10.0.0.1' }],
  ['a proxy', { 'X-Forwarded-For': '127.0.0.1' }],
  ['a proxy of the newer kind', { Forwarded: 'for=127.0.0.1' }],
  ['a proxy of any kind', { Via: '1.1 proxy' }],
  ['a page of another origin', { Origin: 'https://attacker.example' }],
  ['a page without an origin', { Origin: 'null' }],
  ['a page that says it is ours', { Origin: 'http://127.0.0.1' }],
  ['an image of a page', { 'Sec-Fetch-Site': 'cross-site' }],
  ['an address typed into a browser', { 'Sec-Fetch-Site': 'none' }],
])('%s gets nothing', async (_name, headers) => {
  for (const { status, body } of await everyWay(headers)) {
    expect(status).toBe(403);
    expect(body).not.toMatch(leaks);
  }
});

describe('tokens of the metadata service', () => {
  const withToken = (token?: string) =>
    ask(server.url, `${rolesPath}Worker`, {
      headers: token === undefined ? {} : { 'X-aws-ec2-metadata-token': token },
    });

  test('missing, empty, wrong, too long, cut, or of the container endpoint', async () => {
    const good = await imdsToken(server.url);
    for (const token of [
      undefined,
      '',
      'wrong',
      'x'.repeat(4000),
      good.slice(1),
      `${good}A`,
      good.toLowerCase(),
      server.token,
    ]) {
      const { status, body } = await withToken(token);
      expect(status).toBe(401);
      expect(body).not.toMatch(leaks);
    }
    expect((await withToken(good)).status).toBe(200);
  });

  test('expired', async () => {
    const token = await imdsToken(server.url, 1);
    await expect.poll(async () => (await withToken(token)).status, { timeout: 20_000 }).toBe(401);
  });

  test('of 500 clients that ask for one at once each gets credentials by its own, after a thousand others too', async () => {
    const tokens = await Promise.all(Array.from({ length: 500 }, () => imdsToken(server.url, 60)));
    // Not at once: where connections are too many, those that have said nothing yet make room.
    for (let others = 0; others < 1000; others += 100) {
      await Promise.all(Array.from({ length: 100 }, () => imdsToken(server.url)));
    }
    const replies = await Promise.all(tokens.map(withToken));
    expect(replies.filter(({ status }) => status !== 200)).toEqual([]);
  });
});

test('tokens of the container endpoint: missing, wrong, of the right length, doubled, or of the metadata service', async () => {
  const { token, url } = server;
  const imds = await imdsToken(url);
  for (const wrong of ['', 'wrong', 'x'.repeat(token.length), token.slice(1), `Bearer ${token}`, imds]) {
    const { status, body } = await ask(url, '/credentials', { headers: { Authorization: wrong } });
    expect(status).toBe(401);
    expect(body).not.toMatch(leaks);
  }
  const doubled = `GET /credentials HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: ${token}\r\nAuthorization: x\r\n\r\n`;
  expect(await askRaw(url, doubled)).toMatch(/^HTTP\/1\.1 401 /);
});

test('requests with smuggled or doubled parts', async () => {
  const token = await imdsToken(server.url);
  const lines = `X-aws-ec2-metadata-token: ${token}\r\nConnection: close\r\n\r\n`;
  const target = `${rolesPath}Worker`;
  for (const request of [
    `GET ${target} HTTP/1.1\r\nHost: \r\n${lines}`,
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: attacker.example\r\n${lines}`,
    `GET http://attacker.example${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines}`,
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n${lines}`,
    `GET ${target}\r\n\r\n`,
    `CONNECT attacker.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines}`,
    `G\u0000T ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines}`,
    `\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001`,
  ]) {
    const answer = await askRaw(server.url, request);
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
    expect(answer).not.toMatch(leaks);
  }
});

test('paths that lead nowhere', async () => {
  for (const path of [
    '/latest/meta-data/iam/security-credentials/../security-credentials/Worker',
    '/latest/meta-data/iam/security-credentials/%2e%2e/security-credentials/Worker',
    '/latest//meta-data/iam/security-credentials/Worker',
    '/latest/meta-data/iam/security-credentials/Worker%00',
    '/latest/meta-data/iam/security-credentials/constructor',
    '/credentials/../credentials',
    '/credentials/%2e%2e/credentials',
    '/credentials/__proto__',
    '/etc/passwd',
  ]) {
    const token = await imdsToken(server.url);
    const { status, body } = await ask(server.url, path, {
      headers: { 'X-aws-ec2-metadata-token': token, Authorization: server.token },
    });
    expect([path, status]).toEqual([path, 404]);
    expect(body).not.toMatch(leaks);
  }
});

describe('too much', () => {
  test('a body', async () => {
    const reply = await ask(server.url, '/latest/api/token', {
      method: 'PUT',
      headers: ttl,
      body: 'x'.repeat(100_000),
    });
    expect(reply.status).toBe(413);
    expect(reply.headers.connection).toBe('close');
  });

  test('a body in pieces, and one that is never sent', async () => {
    const head = 'PUT /latest/api/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n';
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
    expect(await askRaw(server.url, `${chunked}${'1\r\nx\r\n'.repeat(1025)}`)).toMatch(/^HTTP\/1\.1 413 /);
    expect(await askRaw(server.url, `${chunked}5\r\nhello\r\n`)).toMatch(/^HTTP\/1\.1 408 /);
    expect(await askRaw(server.url, `${head}Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 413 /,
    );
  });

  test('a header', async () => {
    const reply = await ask(server.url, '/credentials', { headers: { Authorization: 'x'.repeat(20_000) } });
    expect(reply.status).toBe(431);
  });

  test('a path', async () => {
    expect(await askRaw(server.url, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  test('headers that come a letter at a time end with a time-out, and others are served meanwhile', async () => {
    const socket = await connected();
    const drip = setInterval(() => socket.write('x'), 100);
    socket.write('GET /credentials HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const answer = answerOn(socket);
    expect((await ask(server.url, '/healthz')).status).toBe(200);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
  });

  test('connections that say nothing, half a request, or are half closed all come to an end', async () => {
    const silent = await connected();
    const half = await connected();
    half.write('GET /credentials HTTP/1.1\r\nHost:');
    const closed = await connected();
    closed.end('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const [one, other, third] = await Promise.all([silent, half, closed].map(answerOn));
    expect(one).toMatch(/^HTTP\/1\.1 408 /);
    expect(other).toMatch(/^HTTP\/1\.1 408 /);
    expect(third).toMatch(/^HTTP\/1\.1 200 [^]*ok$/);
  });

  test('beyond 1024 connections those that have been silent for longest make room, and that is counted', async () => {
    const silent: Socket[] = [];
    const ended: Socket[] = [];
    while (silent.length < 1100) {
      for (const socket of await Promise.all(Array.from({ length: 100 }, connected))) {
        silent.push(socket);
        socket.removeAllListeners('error').on('error', () => undefined);
        socket.resume().once('close', () => ended.push(socket));
      }
    }
    await expect.poll(() => ended.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(76);
    // Those that come together Bun tells of in an order of its own.
    const first = isBun ? silent.length : 100;
    expect(ended.slice(0, 76).every((socket) => silent.indexOf(socket) < first)).toBe(true);
    expect((await ask(server.url, '/healthz')).status).toBe(200);
    for (const socket of silent) socket.destroy();
    expect((await ask(server.url, '/metrics')).body).toMatch(/roles_anywhere_connections_dropped_total [1-9]/);
  });
});

function connected(): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  return new Promise((settle, fail) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => settle(socket));
    socket.on('error', fail);
  });
}

function answerOn(socket: Socket): Promise<string> {
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
  socket.removeAllListeners('error').on('error', () => undefined);
  return new Promise((settle) => {
    socket.on('end', () => socket.destroy());
    socket.on('close', () => settle(answer));
  });
}

// Node drops in silence what is beyond a count of headers, unless it is told not to. Bun takes no more than 200.
test.each([1, 70, 100, 500])('a forwarding header behind %i others is seen', async (count) => {
  const padding = Array.from({ length: count }, (_, at) => `p${at}: x\r\n`).join('');
  const lines = ['PUT /latest/api/token HTTP/1.1', 'Host: 127.0.0.1', `${Object.keys(ttl)[0]}: 60`];
  const request = `${lines.join('\r\n')}\r\n${padding}X-Forwarded-For: 10.0.0.1\r\n\r\n`;
  expect(await askRaw(server.url, request)).toMatch(isBun && count > 200 ? /^HTTP\/1\.1 431 / : /^HTTP\/1\.1 403 /);
});

describe('what EC2 answers is answered', () => {
  const lines = 'X-aws-ec2-metadata-token-ttl-seconds: 60\r\n';

  test.each([
    [
      'a token asked for in chunks of which there are none (s3fs 1.91)',
      'Host: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n',
      '0\r\n\r\n',
    ],
    [
      'and by a client that waits to be told to go on',
      'Host: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n',
      '0\r\n\r\n',
    ],
    ['a token asked for without a Host (AWS CRT before 0.6.29)', '', ''],
    ['with an expectation that is none', 'Host: 127.0.0.1\r\nExpect: nothing\r\n', ''],
  ])('%s', async (_name, headers, body) => {
    const request = `PUT /latest/api/token HTTP/1.1\r\n${headers}${lines}Connection: close\r\n\r\n${body}`;
    expect(await askRaw(server.url, request)).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n[A-Za-z0-9+/]{56}$/);
  });
});

describe('what comes to be no request is answered, logged and counted', () => {
  const large = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'0'.repeat(9000)}\r\n\r\n`;

  test.each([
    ['TLS on the port of http', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001', 400, /speaks TLS/],
    [
      'a method that is none',
      'G\u0000T / HTTP/1.1\r\n\r\n',
      400,
      isBun ? /\(INVALID_VERSION\)/ : /no request of HTTP\/1\.1 \(INVALID_METHOD\)/,
    ],
    ['headers of 9 KB', large, 431, /headers of more than 8 KB/],
    ['half a request', 'GET / HTTP/1.1\r\nHost:', 408, /no whole request within 5 s/],
    ['a request to a proxy', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n', 405, /this is no proxy/],
  ])('%s', async (_name, bytes, status, reason) => {
    const counted = async (): Promise<number> => {
      const { body } = await ask(server.url, '/metrics');
      return Number(new RegExp(`requests_total\\{route="refused",status="${status}"\\} (\\d+)`).exec(body)?.[1] ?? 0);
    };
    const before = await counted();
    const told = server.logs.length;
    const answer = await askRaw(server.url, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*"Message":"`));
    expect(answer).toMatch(reason);
    // Connections of other tests may have come to their end meanwhile.
    expect(await counted()).toBeGreaterThan(before);
    const line = server.logs.slice(told).find(({ message }) => reason.test(message) || message === 'request');
    expect(line?.fields).toMatchObject({ route: 'refused', status });
  });
});
