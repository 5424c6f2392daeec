import { sha256 } from '../../runtime/node/crypto.ts';
import type { UnsignedRequest } from './request.ts';

export interface CanonicalRequest {
  readonly text: string;
  /** Names of all headers, `;` between them. */
  readonly signedHeaders: string;
}

/**
 * The request as client and service both must read it (IAM Roles Anywhere user guide, "The signing process", task 1).
 *
 * Written here rather than taken from `@smithy/signature-v4`, whose two functions for this pull in 140 KB when bundled;
 * a property test holds the two equal.
 */
export function canonicalRequest(request: UnsignedRequest): CanonicalRequest {
  const headers = Object.entries(canonicalHeaders(request.headers)).sort(([a], [b]) => (a < b ? -1 : 1));
  const signedHeaders = headers.map(([name]) => name).join(';');
  const text = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query ?? []),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    sha256Hex(request.body),
  ].join('\n');
  return { text, signedHeaders };
}

/** Names in lower case, and the values of a name that appears in several spellings joined with `,`. */
export function foldHeaderNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  const folded = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const earlier = folded.get(lower);
    folded.set(lower, earlier === undefined ? value : `${earlier},${value}`);
  }
  return Object.fromEntries(folded);
}

function canonicalHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const trimmed = Object.entries(headers).map(([name, value]) => [name, trimAll(value)] as const);
  return foldHeaderNames(Object.fromEntries(trimmed));
}

/** Outer blanks removed, inner runs of them made one space. */
function trimAll(value: string): string {
  return value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}

export function sha256Hex(data: Uint8Array | string): string {
  return sha256(data).toString('hex');
}

/**
 * Percent-encodes everything but RFC 3986's unreserved characters (section 2.3), in upper-case hexadecimal.
 *
 * encodeURIComponent leaves five characters alone that RFC 3986 reserves.
 */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The path of the canonical request: dot segments and empty ones removed (RFC 3986, section 5.2.4), then every segment
 * of the wire's path, which is encoded already, encoded once more.
 */
export function canonicalPath(wirePath: string): string {
  const segments: string[] = [];
  for (const segment of wirePath.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encodeRfc3986(segment));
  }
  const slash = segments.length > 0 && wirePath.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${slash}`;
}

/**
 * The query of the canonical request, sorted by encoded name, then by encoded value.
 *
 * An `=` inside a value is encoded twice, as AWS documents it ("Create a signed AWS API request"). The official Go
 * helper encodes it once. CreateSession sends its ARNs in the body, so that no role name with an `=` in it depends on
 * which of the two the service follows.
 */
export function canonicalQuery(query: readonly (readonly [string, string])[]): string {
  return query
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value).replaceAll('%3D', '%253D')] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** By code unit; what is compared is ASCII. localeCompare would follow the machine's language. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
