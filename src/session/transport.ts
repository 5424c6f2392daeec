/** The seam between CreateSession and the network. One file per implementation, chosen at build time or by need. */

export interface WireRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** One connection for one request. It is opened at once, so that key and signature are made ready meanwhile. */
export interface Connection {
  /**
   * Sends the request and reads the whole answer; redirects are not followed.
   * @throws RolesAnywhereError NETWORK_* or RESPONSE_TOO_LARGE
   */
  send(request: WireRequest): Promise<WireResponse>;
  /** Drops it, sent or not. A failure to connect that nobody asked about ends here. */
  close(): void;
}

export interface Transport {
  connect(endpoint: URL): Connection;
}

/** What decides how an endpoint is reached. */
export interface TransportOptions {
  /** PEM of the certificates to trust in place of the default ones (AWS_CA_BUNDLE). */
  readonly ca?: string;
  /** False with `--no-verify-ssl`. */
  readonly verify: boolean;
  /** `http:` URL of the proxy for this endpoint, where one applies. May hold credentials: never logged. */
  readonly proxy?: URL;
  /** Milliseconds until TCP and TLS stand. */
  readonly connectTimeout: number;
  /** Milliseconds from connecting to the last byte of the answer, of one attempt. */
  readonly requestTimeout: number;
  /** Bytes of an answer's body at the most. */
  readonly maxBodyBytes: number;
}
