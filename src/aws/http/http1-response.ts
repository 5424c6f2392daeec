import { RolesAnywhereError } from '../../core/errors.ts';
import type { WireResponse } from './transport.ts';

/** Reads one answer from the bytes of a connection, in whatever pieces they come. */
export interface ResponseReader {
  /**
   * Takes the next bytes and returns the answer once it is whole. What comes after it is dropped.
   * @throws RolesAnywhereError RESPONSE_INVALID, RESPONSE_TOO_LARGE
   */
  read(bytes: Buffer): WireResponse | undefined;
  /** The answer when the peer closes here; undefined when more should have come. */
  end(): WireResponse | undefined;
}

/** @param peer `host:port`, for messages */
export function createResponseReader(peer: string, maxBodyBytes: number): ResponseReader {
  const faults: BodyFaults = {
    malformed: (fault) =>
      new RolesAnywhereError('RESPONSE_INVALID', `the answer of ${peer} is no valid HTTP/1.1: ${fault}`),
    tooLarge: () =>
      new RolesAnywhereError('RESPONSE_TOO_LARGE', `the answer of ${peer} is larger than ${maxBodyBytes} bytes`),
  };
  const heads = createHeadReader(faults.malformed);
  let final: { readonly head: ResponseHead; readonly body: BodyReader } | undefined;

  /** Skips interim answers (RFC 9110, section 15.2). Nobody asked to switch protocols. */
  function takeFinalHead(): ResponseHead | undefined {
    for (let head = heads.next(); head !== undefined; head = heads.next()) {
      if (head.status === 101) throw faults.malformed('it switches protocols');
      if (head.status >= 200) return head;
    }
    return undefined;
  }

  return {
    read(bytes) {
      if (final !== undefined) return whole(final.head, final.body.read(bytes));
      heads.add(bytes);
      const head = takeFinalHead();
      if (head === undefined) return undefined;
      final = { head, body: bodyReaderFor(head, maxBodyBytes, faults) };
      return whole(head, final.body.read(heads.rest()));
    },
    end: () => (final === undefined ? undefined : whole(final.head, final.body.end())),
  };
}

function whole(head: ResponseHead, body: Buffer | undefined): WireResponse | undefined {
  return body === undefined ? undefined : { ...head, body };
}

/** Status and headers of an answer. */
interface ResponseHead {
  readonly status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes that have come in pieces. */
interface Gathered {
  readonly add: (piece: Buffer) => void;
  readonly all: () => Buffer;
  readonly length: () => number;
}

/** In one buffer that doubles: to join them anew with each piece would take the square of the time. */
function gather(): Gathered {
  let bytes = Buffer.alloc(0);
  let length = 0;
  return {
    add(piece) {
      const needed = length + piece.length;
      if (needed > bytes.length) {
        const larger = Buffer.alloc(Math.max(needed, bytes.length * 2));
        bytes.copy(larger);
        bytes = larger;
      }
      piece.copy(bytes, length);
      length = needed;
    },
    all: () => bytes.subarray(0, length),
    length: () => length,
  };
}

/** Reads heads from bytes that come in pieces. */
interface HeadReader {
  readonly add: (bytes: Buffer) => void;
  /** The next head, once it is whole. @throws what `malformed` makes */
  next(): ResponseHead | undefined;
  /** What came behind the last head. */
  rest(): Buffer;
}

/** Of one answer, with the interim ones before it. */
const maxHeadBytes = 64 * 1024;

/** @param malformed makes the error to throw out of what is wrong */
export function createHeadReader(malformed: (fault: string) => Error): HeadReader {
  const received = gather();
  let [start, searched] = [0, 0];
  return {
    add: received.add,
    next() {
      const bytes = received.all();
      const end = bytes.indexOf('\r\n\r\n', searched);
      if ((end === -1 ? bytes.length : end) > maxHeadBytes) {
        throw malformed(`its headers are larger than ${maxHeadBytes} bytes`);
      }
      if (end === -1 && couldBeHttp(bytes.subarray(start))) {
        searched = Math.max(start, bytes.length - 3);
        return undefined;
      }
      // What is no HTTP is refused at its first line, without waiting for an empty one.
      const head = parseHead(bytes.toString('latin1', start, end), malformed);
      start = searched = end + 4;
      return head;
    },
    rest: () => received.all().subarray(start),
  };
}

/** Tells another protocol by its first bytes. */
function couldBeHttp(bytes: Buffer): boolean {
  const expected = 'HTTP/1.';
  return expected.startsWith(bytes.toString('latin1', 0, expected.length));
}

/**
 * Reads the head of an HTTP/1.1 answer, without the empty line that ends it (RFC 9112, sections 4 and 5). Folded lines
 * and bare line feeds are refused: what two readers take differently is how answers get smuggled.
 *
 * @param malformed makes the error to throw out of what is wrong
 */
function parseHead(text: string, malformed: (fault: string) => Error): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(statusLine)?.[1];
  if (status === undefined) throw malformed('it does not begin with a status line');
  const headers = new Map<string, string>();
  for (const line of lines) {
    // In two steps, each linear: one pattern for both would try every way to share out the blanks of a hostile line.
    const colon = line.indexOf(':');
    const lower = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = withoutOuterBlanks(line.slice(colon + 1));
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(lower) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw malformed('one of its header lines is no header');
    }
    const earlier = headers.get(lower);
    headers.set(lower, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return { status: Number(status), headers: Object.fromEntries(headers) };
}

/** Spaces and tabs alone (RFC 9110, section 5.6.3), in one pass. */
function withoutOuterBlanks(text: string): string {
  const isBlank = (at: number): boolean => text[at] === ' ' || text[at] === '\t';
  let [start, end] = [0, text.length];
  while (start < end && isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return text.slice(start, end);
}

/** Reads one body, whatever ends it. */
interface BodyReader {
  /** Takes the next bytes and returns the body once it is whole. What comes after it is dropped. */
  read(bytes: Buffer): Buffer | undefined;
  /** The body when the peer closes here; undefined when more should have come. */
  end(): Buffer | undefined;
}

interface BodyFaults {
  readonly malformed: (fault: string) => Error;
  readonly tooLarge: () => Error;
}

/** Bytes of a chunk-size line, and of all chunk extensions and trailers, at the most. */
const maxLineBytes = 8192;

/** Chooses by what ends the body (RFC 9112, section 6.3). */
function bodyReaderFor(head: ResponseHead, limit: number, faults: BodyFaults): BodyReader {
  const coding = head.headers['transfer-encoding'];
  const length = head.headers['content-length'];
  if (head.status === 204 || head.status === 304) return plainBody(0, limit, faults);
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked' || length !== undefined) {
      throw faults.malformed('its transfer-encoding is not chunked alone');
    }
    return chunkedBody(limit, faults);
  }
  if (length === undefined) return plainBody(Infinity, limit, faults);
  if (!/^\d{1,15}$/.test(length)) throw faults.malformed('its content-length is no number');
  if (Number(length) > limit) throw faults.tooLarge();
  return plainBody(Number(length), limit, faults);
}

/** @param length Infinity: until the peer closes */
function plainBody(length: number, limit: number, faults: BodyFaults): BodyReader {
  const body = gather();
  return {
    read(bytes) {
      body.add(bytes);
      const received = body.all();
      if (received.length >= length) return received.subarray(0, length);
      if (received.length > limit) throw faults.tooLarge();
      return undefined;
    },
    end: () => (length === Infinity ? body.all() : undefined),
  };
}

/** RFC 9112, section 7.1. Chunk extensions and trailers are skipped. */
function chunkedBody(limit: number, faults: BodyFaults): BodyReader {
  const body = gather();
  let [line, left, skipped] = ['', 0, 0];
  let expected: 'size' | 'end-of-data' | 'trailer' = 'size';

  /** @returns whether the body is whole */
  function takeLine(text: string): boolean {
    if (expected === 'end-of-data') {
      expected = 'size';
      return false;
    }
    const digits = expected === 'size' ? /^([\da-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(text)?.[1] : '';
    if (digits === undefined) throw faults.malformed('the size of a chunk is no number');
    skipped += text.length - digits.length;
    if (expected === 'trailer') return text === '';
    left = Number.parseInt(digits, 16);
    if (body.length() + left > limit) throw faults.tooLarge();
    expected = left === 0 ? 'trailer' : 'end-of-data';
    return false;
  }

  return {
    read(bytes) {
      // One text for all lines: to make one for each takes far longer where chunks are short.
      const text = bytes.toString('latin1');
      for (let at = 0; at < bytes.length;) {
        const start = at;
        if (left > 0) {
          at = Math.min(at + left, bytes.length);
          body.add(bytes.subarray(start, at));
          left -= at - start;
          continue;
        }
        at = text.indexOf('\n', at) + 1 || bytes.length;
        line += text.slice(start, at);
        if (expected === 'end-of-data' && !'\r\n'.startsWith(line)) {
          throw faults.malformed('a chunk is longer than its size');
        }
        if (line.length + skipped > maxLineBytes) throw faults.malformed('the lines of its chunked body are too long');
        if (!line.endsWith('\r\n')) continue;
        const whole = line.slice(0, -2);
        line = '';
        if (takeLine(whole)) return body.all();
      }
      return undefined;
    },
    end: () => undefined,
  };
}
