/** Status and headers of an answer. */
export interface ResponseHead {
  readonly status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes that have come in pieces. */
export interface Gathered {
  readonly add: (piece: Buffer) => void;
  readonly all: () => Buffer;
  readonly length: () => number;
}

/** In one buffer that doubles: to join them anew with each piece would take the square of the time. */
export function gather(): Gathered {
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
export interface HeadReader {
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
