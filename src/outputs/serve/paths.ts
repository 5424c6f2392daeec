/**
 * The path of a request's target; undefined for one that is no path (RFC 9112, section 3.2: the forms for proxies).
 * Nothing is resolved or decoded: a path is one that is known, letter by letter, or it is unknown.
 */
export function pathOf(target: string): string | undefined {
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
