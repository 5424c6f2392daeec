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
   * Resolves, never later than 20 ms after the connection was begun, when the first bytes are on their way or cannot be.
   * Whoever then keeps this thread busy no longer holds up the handshake.
   */
  readonly underway: Promise<void>;
  /**
   * Sends the request and reads the whole answer; redirects are not followed.
   * @throws RolesAnywhereError NETWORK_*, RESPONSE_INVALID or RESPONSE_TOO_LARGE
   */
  send(request: WireRequest): Promise<WireResponse>;
  /** Drops it, sent or not. A failure to connect that nobody asked about ends here. */
  close(): void;
}

export interface Transport {
  /** `host:port` of the proxy in between, for traces; never its credentials. */
  readonly proxy: string | undefined;
  connect(endpoint: URL): Connection;
}

/** What decides how an endpoint is reached. */
export interface TransportOptions {
  /** The certificates to trust in place of the default ones; `origin` is what messages call them. */
  readonly ca?: { readonly pem: string; readonly origin: string };
  /** False with `--no-verify-ssl`. */
  readonly verify: boolean;
  /** Milliseconds from sending until TCP and TLS stand: a password may be typed between connecting and sending. */
  readonly connectTimeout: number;
  /** Milliseconds from sending to the last byte of the answer, of one attempt. */
  readonly requestTimeout: number;
  /** Bytes of an answer's body at the most. */
  readonly maxBodyBytes: number;
}
