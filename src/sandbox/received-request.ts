/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly id: string;
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** In the order sent; names in lower case, values with one character for each byte. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** The values of a header, joined as RFC 9110, section 5.3, says; undefined when it was not sent. */
export function header(request: ReceivedRequest, name: string): string | undefined {
  const values = request.headers.filter(([given]) => given === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(',');
}
