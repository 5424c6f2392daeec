import type { ResponseHead } from './http1-head.ts';

/** Reads one body, whatever ends it. */
export interface BodyReader {
  /** Takes the next bytes and returns the body once it is whole. What comes after it is dropped. */
  read(bytes: Buffer): Buffer | undefined;
  /** The body when the peer closes here; undefined when more should have come. */
  end(): Buffer | undefined;
}

export interface BodyFaults {
  readonly malformed: (fault: string) => Error;
  readonly tooLarge: () => Error;
}

/** Bytes of a chunk-size line, or of all trailers, at the most. */
const maxLineBytes = 8192;

/** Chooses by what ends the body (RFC 9112, section 6.3). */
export function bodyReaderFor(head: ResponseHead, limit: number, faults: BodyFaults): BodyReader {
  const coding = head.headers['transfer-encoding'];
  const length = head.headers['content-length'];
  if (head.status === 204 || head.status === 304) return sizedBody(0);
  if (coding !== undefined) {
    if (length !== undefined) throw faults.malformed('it has both a content-length and a transfer-encoding');
    if (coding.toLowerCase() !== 'chunked') throw faults.malformed('its transfer-encoding is not chunked alone');
    return chunkedBody(limit, faults);
  }
  if (length === undefined) return bodyUntilClose(limit, faults);
  if (!/^\d{1,15}$/.test(length)) throw faults.malformed('its content-length is no number');
  if (Number(length) > limit) throw faults.tooLarge();
  return sizedBody(Number(length));
}

function sizedBody(length: number): BodyReader {
  let received = Buffer.alloc(0);
  return {
    read(bytes) {
      received = Buffer.concat([received, bytes]);
      return received.length >= length ? received.subarray(0, length) : undefined;
    },
    end: () => undefined,
  };
}

function bodyUntilClose(limit: number, faults: BodyFaults): BodyReader {
  let received = Buffer.alloc(0);
  return {
    read(bytes) {
      received = Buffer.concat([received, bytes]);
      if (received.length > limit) throw faults.tooLarge();
      return undefined;
    },
    end: () => received,
  };
}

/** RFC 9112, section 7.1. Chunk extensions and trailers are skipped. */
function chunkedBody(limit: number, faults: BodyFaults): BodyReader {
  let pending = Buffer.alloc(0);
  let body = Buffer.alloc(0);
  let inTrailers = false;

  /** Removes and returns the next line, without its end; undefined until it is whole. */
  function takeLine(): string | undefined {
    const end = pending.indexOf('\r\n');
    if (end > maxLineBytes || (end === -1 && pending.length > maxLineBytes)) {
      throw faults.malformed('a line of its chunked body is too long');
    }
    if (end === -1) return undefined;
    const line = pending.toString('latin1', 0, end);
    pending = pending.subarray(end + 2);
    return line;
  }

  /** Moves one chunk with its size line from `pending` to `body`; false until it is whole. */
  function takeChunk(): boolean {
    const before = pending;
    const line = takeLine();
    if (line === undefined) return false;
    const digits = /^([\da-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(line)?.[1];
    if (digits === undefined) throw faults.malformed('the size of a chunk is no number');
    const size = Number.parseInt(digits, 16);
    if (body.length + size > limit) throw faults.tooLarge();
    if (size === 0) {
      inTrailers = true;
      return true;
    }
    if (pending.length < size + 2) {
      pending = before;
      return false;
    }
    if (pending.toString('latin1', size, size + 2) !== '\r\n')
      throw faults.malformed('a chunk is longer than its size');
    body = Buffer.concat([body, pending.subarray(0, size)]);
    pending = pending.subarray(size + 2);
    return true;
  }

  return {
    read(bytes) {
      pending = Buffer.concat([pending, bytes]);
      while (!inTrailers) if (!takeChunk()) return undefined;
      for (let line = takeLine(); line !== undefined; line = takeLine()) if (line === '') return body;
      return undefined;
    },
    end: () => undefined,
  };
}
