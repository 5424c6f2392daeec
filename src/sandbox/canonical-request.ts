import { createHash } from 'node:crypto';
import type { AuthorizationHeader } from './authorization.ts';
import { header, type ReceivedRequest } from './received-request.ts';
import type { SignatureEvidence } from './refusal.ts';

/**
 * The canonical requests the service would accept for what was received, most likely first; empty when a signed
 * header was not sent. There is more than one because clients differ in how they encode `=` within a query value: once,
 * or twice as the guide on signing has it.
 *
 * Strings hold one character for each byte, as the headers do; hash them as `latin1`.
 */
export function canonicalRequests(request: ReceivedRequest, signedHeaders: readonly string[]): string[] {
  const headers = canonicalHeaders(request, signedHeaders);
  const queries = canonicalQueries(request.query);
  if (headers === undefined || queries === undefined) return [];
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  return queries.map((query) =>
    // Both paths the sandbox serves are the same before and after normalising and encoding.
    [request.method, request.path, query, headers, signedHeaders.join(';'), bodyHash].join('\n'),
  );
}

/** One line a header, each with its line feed: the empty line before the list of names comes from the join. */
function canonicalHeaders(request: ReceivedRequest, names: readonly string[]): string | undefined {
  const lines = names.map((name) => {
    const value = header(request, name);
    return value === undefined ? undefined : `${name}:${collapse(value)}\n`;
  });
  return lines.includes(undefined) ? undefined : lines.join('');
}

/** Blanks at the ends go, runs of blanks become one. Bytes above ASCII stay, which `trim` would not leave alone. */
function collapse(value: string): string {
  const isBlank = (at: number): boolean => value[at] === ' ' || value[at] === '\t';
  let [start, end] = [0, value.length];
  while (start < end && isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return value.slice(start, end).replaceAll(/ +/g, ' ');
}

/** Query parameters, decoded; undefined when the query is not properly percent-encoded UTF-8. */
export function readQuery(query: string): [name: string, value: string][] | undefined {
  // Half a surrogate pair is no character, and has no encoding.
  if (/\p{Surrogate}/u.test(query)) return undefined;
  try {
    return query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const equals = pair.indexOf('=');
        const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
        return [decodeURIComponent(name), decodeURIComponent(value)];
      });
  } catch {
    return undefined;
  }
}

function canonicalQueries(query: string): string[] | undefined {
  const parameters = readQuery(query);
  if (parameters === undefined) return undefined;
  const once = sortedQuery(parameters.map(([name, value]) => [encode(name), encode(value)]));
  const twice = sortedQuery(
    parameters.map(([name, value]) => [encode(name), encode(value).replaceAll('%3D', '%253D')]),
  );
  return once === twice ? [once] : [once, twice];
}

/** By name and then by value, both as encoded. */
function sortedQuery(parameters: readonly (readonly [string, string])[]): string {
  return parameters
    .toSorted(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(one: string, other: string): number {
  return Number(one > other) - Number(one < other);
}

/** RFC 3986: all but the unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Every string to sign that the service would accept for the request, most likely first. */
export function signatureEvidence(request: ReceivedRequest, authorization: AuthorizationHeader): SignatureEvidence[] {
  const { algorithm, scope, signedHeaders, timestamp } = authorization;
  const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  return canonicalRequests(request, signedHeaders).map((canonicalRequest) => {
    const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex');
    return { canonicalRequest, stringToSign: [algorithm, timestamp, scopeText, hash].join('\n') };
  });
}
