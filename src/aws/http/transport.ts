/** The seam between CreateSession and the network. One file per implementation, chosen at build time or by need. */
import type { TLSSocket } from 'node:tls';
import type { NetworkOptions } from '../create-session/session-request.ts';

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

/** Sees who issued the certificate of a server that is not trusted. */
export interface Witness {
  /** `CN=Example Root CA, O=Example`, once it is known. */
  readonly issuer: string | undefined;
  watch(socket: TLSSocket): void;
}

/** What decides how an endpoint is reached. */
export interface TransportOptions {
  /**
   * The certificates to trust in place of Node's own; `bundle` is where they come from if they replace all the default
   * ones.
   */
  readonly ca?: { readonly pem: readonly string[]; readonly bundle?: NetworkOptions['caBundle'] } | undefined;
  /** How to connect again after a failure of that; undefined where it is no use. */
  readonly again?: ((error: unknown) => Promise<TransportOptions | undefined>) | undefined;
  readonly witness?: Witness;
  /** False with `--no-verify-ssl`. */
  readonly verify: boolean;
  /** Milliseconds from sending until TCP and TLS stand: a password may be typed between connecting and sending. */
  readonly connectTimeout: number;
  /** Milliseconds from sending to the last byte of the answer, of one attempt. */
  readonly requestTimeout: number;
  /** Ends every connection when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of an answer's body at the most. */
  readonly maxBodyBytes: number;
}
