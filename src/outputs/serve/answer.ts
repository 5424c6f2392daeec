import { type IncomingMessage, STATUS_CODES } from 'node:http';

/** What there is to know of a request; bodies are of no interest to any route. */
export type LocalRequest = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>;

/** Names of the routes, for metrics and logs: a closed set, whatever clients ask for. */
export type RouteName =
  | 'imds-token'
  | 'imds-roles'
  | 'imds-credentials'
  | 'imds-credentials-extended'
  | 'imds-other'
  | 'container'
  | 'health'
  | 'ready'
  | 'metrics'
  | 'refused'
  | 'unknown';

/** What goes back. */
export interface Answer {
  readonly route: RouteName;
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them. */
  readonly headers: string[];
  readonly body: string;
  /** latin1 where that is the same: it goes out faster. */
  readonly encoding: 'latin1' | 'utf8';
  /** For the log: why a request was turned away. Nothing secret, nothing that the client sent. */
  readonly reason?: string;
}

/** An answer of text, as the instance metadata service gives its documents too. */
export function textAnswer(route: RouteName, status: number, body: string, more: readonly string[] = []): Answer {
  return makeAnswer({ route, status, body }, ['Content-Type', 'text/plain', 'Cache-Control', 'no-store', ...more]);
}

/** An answer of JSON. */
export function jsonAnswer(route: RouteName, status: number, body: string, more: readonly string[] = []): Answer {
  return makeAnswer({ route, status, body }, [
    'Content-Type',
    'application/json',
    'Cache-Control',
    'no-store',
    ...more,
  ]);
}

/** Adds what follows from the body: its length and how it is written. */
export function makeAnswer(
  { route, status, body }: Pick<Answer, 'route' | 'status' | 'body'>,
  headers: string[],
): Answer {
  const length = Buffer.byteLength(body);
  headers.push('Content-Length', String(length));
  return { route, status, headers, body, encoding: length === body.length ? 'latin1' : 'utf8' };
}

/** The same answer with further headers. */
export function withHeaders({ route, status, headers, body, encoding }: Answer, more: readonly string[]): Answer {
  return { route, status, headers: [...headers, ...more], body, encoding };
}

/** 405 with the methods that there are (RFC 9110, section 15.5.6). */
export function wrongMethod(route: RouteName, allowed: string): Answer {
  return { ...textAnswer(route, 405, 'method not allowed', ['Allow', allowed]), reason: 'wrong method' };
}

/**
 * An answer to what is turned away before anybody looks at its path: in the form of the container provider's failures;
 * clients of the metadata service look at the status alone.
 */
export function refusedAnswer(status: number, reason: string): Answer {
  const body = JSON.stringify({ Code: STATUS_CODES[status]?.replaceAll(' ', ''), Message: reason });
  return { ...jsonAnswer('refused', status, body), reason };
}

/** Whether a method reads. */
export function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}

/**
 * A header's value; undefined where there is none, or more than one: it would not be clear which one counts. Looking
 * through the list takes less time than having Node make an object of it.
 *
 * @param name in lower case
 */
export function headerOf({ rawHeaders }: LocalRequest, name: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const other = rawHeaders[at];
    if (other?.length !== name.length || other.toLowerCase() !== name) continue;
    if (found !== undefined) return undefined;
    found = rawHeaders[at + 1];
  }
  return found;
}

/**
 * The path of a request's target; undefined for one that is no path (RFC 9112, section 3.2: the forms for proxies).
 * Nothing is resolved or decoded: a path is one that is known, letter by letter, or it is unknown.
 */
export function targetPath(target: string): string | undefined {
  if (!target.startsWith('/')) return undefined;
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  // Some SDKs join an endpoint that ends in a slash with a path that begins with one.
  return path.startsWith('//') ? path.slice(1) : path;
}

/** The same path with and without a slash at its end. */
export function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** A name out of a path; undefined when it cannot be decoded. */
export function decodedSegment(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
