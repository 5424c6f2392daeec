import { gather, type ResponseHead } from './http1-head.ts';

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

/** Bytes of a chunk-size line, and of all chunk extensions and trailers, at the most. */
const maxLineBytes = 8192;

/** Chooses by what ends the body (RFC 9112, section 6.3). */
export function bodyReaderFor(head: ResponseHead, limit: number, faults: BodyFaults): BodyReader {
  const coding = head.headers['transfer-encoding'];
  const length = head.headers['content-length'];
  if (head.status === 204 || head.status === 304) return plainBody(0, limit, faults);
  if (coding !== undefined) {
    if (length !== undefined) throw faults.malformed('it has both a content-length and a transfer-encoding');
    if (coding.toLowerCase() !== 'chunked') throw faults.malformed('its transfer-encoding is not chunked alone');
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
    if (skipped > maxLineBytes) throw faults.malformed('its chunk extensions and trailers are too long');
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
        if (line.length > maxLineBytes) throw faults.malformed('a line of its chunked body is too long');
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
