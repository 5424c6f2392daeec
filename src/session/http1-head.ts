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
    const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw malformed('one of its header lines is no header');
    const lower = name.toLowerCase();
    const earlier = headers.get(lower);
    headers.set(lower, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return { status: Number(status), headers: Object.fromEntries(headers) };
}
