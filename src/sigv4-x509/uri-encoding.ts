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
