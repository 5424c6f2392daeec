import { createServer } from 'node:http';
import { connect } from 'node:net';

import * as fc from '../../support/fast-check.ts';
import { describe, expect, it } from 'vitest';

import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { createResponseReader } from '../../../src/aws/http/http1-response.ts';
import type { WireResponse } from '../../../src/aws/http/transport.ts';
import { outcomeOf, thrownBy } from '../../support/thrown.ts';

const limit = 1000;

/** Reads the bytes in the pieces given; with `end`, the peer closes after them. */
function readAll(pieces: readonly (string | Buffer)[], end = false): WireResponse | undefined {
  const reader = createResponseReader('host.test:443', limit);
  for (const piece of pieces) {
    const answer = reader.read(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    if (answer !== undefined) return answer;
  }
  return end ? reader.end() : undefined;
}

function text(answer: WireResponse | undefined): string | undefined {
  return answer === undefined ? undefined : Buffer.from(answer.body).toString();
}

describe('a header line of blanks', () => {
  it.each([
    ['refused', `x:${' '.repeat(60_000)}\x01`],
    ['refused', `x: a${' '.repeat(60_000)}\x01`],
    ['taken', `x:${'a '.repeat(30_000)}`],
  ])('is %s at once', (what, line) => {
    const start = process.cpuUsage();
    const outcome = outcomeOf(() => readAll([`HTTP/1.1 200 OK\r\n${line}\r\ncontent-length: 0\r\n\r\n`]));
    // With one pattern for name, blanks and value, a line of 4000 blanks took half a minute.
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
    expect(outcome instanceof RolesAnywhereError).toBe(what === 'refused');
  });
});

describe('an answer of the worst shape is read in time that grows with its bytes alone', () => {
  const mebibyte = 1024 * 1024;
  const chunks = (size: number, count: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`.repeat(count);
  const chunked = (body: string) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}0\r\n\r\n`;
  const sized = `HTTP/1.1 200 OK\r\ncontent-length: ${mebibyte}\r\n\r\n${'x'.repeat(mebibyte)}`;
  it.each([
    ['chunks of a byte', chunked(chunks(1, mebibyte)), 65_536],
    // Fewer, as this takes a third of the bound on a fast machine with all of them.
    ['chunks of a byte, byte by byte', chunked(chunks(1, mebibyte / 8)), 1],
    ['one chunk, byte by byte', chunked(chunks(mebibyte, 1)), 1],
    ['a length, byte by byte', sized, 1],
    ['no length, byte by byte', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(mebibyte)}`, 1],
    ['headers, byte by byte', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(10_000)}content-length: 0\r\n\r\n`, 1],
    ['interim answers', `${'HTTP/1.1 100 C\r\n\r\n'.repeat(3500)}HTTP/1.1 204 N\r\n\r\n`, 1000],
  ])('%s', (_, bytes, step) => {
    const reader = createResponseReader('host.test:443', mebibyte);
    const wire = Buffer.from(bytes, 'latin1');
    const start = process.cpuUsage();
    let answer: WireResponse | undefined;
    for (let at = 0; at < wire.length && answer === undefined; at += step)
      answer = reader.read(wire.subarray(at, at + step));
    // Of these the first took minutes when each chunk was joined to those before it.
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
    expect((answer ?? reader.end())?.status).toBeLessThan(300);
  });

  it.each([
    ['chunk extensions', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', `1;${'e'.repeat(1000)}\r\nx\r\n`],
    ['trailers', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n', 'a: b\r\n'],
    ['interim answers', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('%s without an end are refused', (_, first, more) => {
    const reader = createResponseReader('host.test:443', mebibyte);
    reader.read(Buffer.from(first));
    const readOn = (): void => {
      for (let count = 0; count < 10_000; count += 1) reader.read(Buffer.from(more));
    };
    expect(thrownBy(readOn)).toMatchObject({ code: 'RESPONSE_INVALID' });
  });
});

describe('an answer', () => {
  it('is whole with the last byte that content-length tells', () => {
    const answer = readAll([
      'HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-Amzn-RequestId:  abc \r\n\r\nhello, and more',
    ]);

    expect(answer).toMatchObject({ status: 201, headers: { 'content-length': '5', 'x-amzn-requestid': 'abc' } });
    expect(text(answer)).toBe('hello');
  });

  it('needs no reason phrase, and may be HTTP/1.0', () => {
    expect(readAll(['HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n'])).toMatchObject({ status: 200 });
    expect(readAll(['HTTP/1.0 200 \r\ncontent-length: 0\r\n\r\n'])).toMatchObject({ status: 200 });
  });

  it('joins the values of a repeated header', () => {
    expect(readAll(['HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\ncontent-length: 0\r\n\r\n'])?.headers['a']).toBe('1, 2');
  });

  it('goes to the end of the connection where no length is told', () => {
    expect(readAll(['HTTP/1.1 200 OK\r\n\r\nhel', 'lo'])).toBeUndefined();
    expect(text(readAll(['HTTP/1.1 200 OK\r\n\r\nhel', 'lo'], true))).toBe('hello');
  });

  it('has no body with status 204 and 304', () => {
    expect(text(readAll(['HTTP/1.1 204 No Content\r\n\r\n']))).toBe('');
    expect(text(readAll(['HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n']))).toBe('');
  });

  it('may come in chunks, with extensions and trailers', () => {
    const chunks = '5;name=value\r\nhello\r\n0B \r\n, chunked w\r\n4\r\norld\r\n0\r\nTrailer: x\r\n\r\n';

    expect(text(readAll([`HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n${chunks}`]))).toBe(
      'hello, chunked world',
    );
  });

  it.each([100, 102, 103])('may have an interim answer of status %s before it', (status) => {
    const bytes = `HTTP/1.1 ${status} Wait\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi`;

    expect(readAll([bytes])).toMatchObject({ status: 200, headers: { 'content-length': '2' } });
  });

  it.each([
    ['no bytes', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell'],
    ['half a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel'],
    ['chunks without the last one', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['an interim answer alone', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('is not whole with %s', (_, bytes) => {
    expect(readAll([bytes], true)).toBeUndefined();
  });
});

describe('what is no answer', () => {
  const invalid = 'the answer of host.test:443 is no valid HTTP/1.1: ';
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'it does not begin with a status line'],
    ['TLS', '\x16\x03\x01', 'it does not begin with a status line'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'it does not begin with a status line'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'it does not begin with a status line'],
    ['a status above 599', 'HTTP/1.1 600 OK\r\n\r\n', 'it does not begin with a status line'],
    ['a switch of protocols', 'HTTP/1.1 101 Switch\r\n\r\n', 'it switches protocols'],
    ['a folded header', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n', 'one of its header lines is no header'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', 'one of its header lines is no header'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\na : b\r\n\r\n', 'one of its header lines is no header'],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n', 'one of its header lines is no header'],
    ['a NUL', 'HTTP/1.1 200 OK\r\na: b\0\r\n\r\n', 'one of its header lines is no header'],
    ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', 'its content-length is no number'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      'its content-length is no number',
    ],
    ['a hexadecimal length', 'HTTP/1.1 200 OK\r\ncontent-length: 0x1\r\n\r\n', 'its content-length is no number'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      'its transfer-encoding is not chunked alone',
    ],
    [
      'another coding',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n',
      'its transfer-encoding is not chunked alone',
    ],
    [
      'a chunk without a size',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n',
      'the size of a chunk is no number',
    ],
    [
      'a chunk longer than its size',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhello\r\n',
      'a chunk is longer than its size',
    ],
    [
      'an endless chunk line',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(9000)}`,
      'the lines of its chunked body are too long',
    ],
    ['endless headers', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(65_536)}`, 'its headers are larger than 65536 bytes'],
    [
      'headers too large',
      `HTTP/1.1 200 OK\r\na: ${'x'.repeat(65_536)}\r\n\r\n`,
      'its headers are larger than 65536 bytes',
    ],
  ])('%s', (_, bytes, fault) => {
    const error = thrownBy(() => readAll([bytes]));

    expect({ code: error.code, message: error.message }).toEqual({
      code: 'RESPONSE_INVALID',
      message: invalid + fault,
    });
  });

  it.each([
    ['by its length', 'HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n'],
    ['by its chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n'],
    ['by a chunk size beyond any', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n'],
    ['by what comes', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1001)}`],
  ])('is too large %s', (_, bytes) => {
    const error = thrownBy(() => readAll([bytes]));

    expect({ code: error.code, message: error.message }).toEqual({
      code: 'RESPONSE_TOO_LARGE',
      message: 'the answer of host.test:443 is larger than 1000 bytes',
    });
  });
});

/** The same bytes in any pieces, empty ones among them. */
function inPieces(bytes: Buffer): fc.Arbitrary<Buffer[]> {
  return fc
    .array(fc.nat(bytes.length), { maxLength: 12 })
    .map((cuts) => [0, ...cuts, bytes.length].sort((a, b) => a - b))
    .map((cuts) => cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut)));
}

describe('properties', () => {
  const body = fc.uint8Array({ maxLength: limit }).map((bytes) => Buffer.from(bytes));
  const sized = body.map((content) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`), content]),
  );
  const chunked = fc.array(body, { maxLength: 4 }).map((parts) => {
    const chunks = parts
      .filter((part) => part.length > 0)
      .map((part) => part.subarray(0, 200))
      .flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
    return Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'),
      ...chunks,
      Buffer.from('0\r\n\r\n'),
    ]);
  });

  it('gives the same answer in whatever pieces the bytes come', () => {
    const cases = fc.oneof(sized, chunked).chain((bytes) => inPieces(bytes).map((pieces) => ({ bytes, pieces })));

    fc.assert(
      fc.property(cases, ({ bytes, pieces }) => {
        expect(readAll(pieces)).toEqual(readAll([bytes]));
        expect(readAll(pieces)).toBeDefined();
      }),
    );
  });

  it('is read or refused by an error of ours, whatever comes', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ maxLength: 300 }).map((rest) => Buffer.from(`HTTP/1.1 200 OK\r\n${rest}`)),
      fc
        .string({ maxLength: 300 })
        .map((rest) => Buffer.from(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${rest}`)),
    );

    fc.assert(
      fc.property(noise, (bytes) => {
        const outcome = outcomeOf(() => readAll([bytes], true));
        const code = outcome instanceof RolesAnywhereError ? outcome.code : 'read';
        expect(['read', 'RESPONSE_INVALID', 'RESPONSE_TOO_LARGE']).toContain(code);
      }),
    );
  });
});

it("reads what node:http's server writes, sized and chunked", async () => {
  const server = createServer((request, response) => {
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    if (request.url === '/sized') response.end('whole');
    else {
      response.write('in ');
      response.end('chunks');
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;

    expect(text(await get(port, '/sized'))).toBe('whole');
    expect(text(await get(port, '/chunked'))).toBe('in chunks');
    expect((await get(port, '/sized')).headers['set-cookie']).toBe('a=1, b=2');
  } finally {
    server.close();
  }
});

function get(port: number, path: string): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const reader = createResponseReader('host.test:80', limit);
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`));
    socket.on('error', reject);
    socket.on('data', (piece) => {
      const answer = reader.read(piece);
      if (answer === undefined) return;
      socket.destroy();
      resolve(answer);
    });
  });
}
