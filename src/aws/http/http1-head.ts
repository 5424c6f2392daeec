/** Status and headers of an answer. */
export interface ResponseHead {
  readonly status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads the head of an HTTP/1.1 answer, without the empty line that ends it (RFC 9112, sections 4 and 5). Folded lines
 * and bare line feeds are refused: what two readers take differently is how answers get smuggled.
 *
 * @param malformed makes the error to throw out of what is wrong
 */
export function parseHead(text: string, malformed: (fault: string) => Error): ResponseHead {
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
