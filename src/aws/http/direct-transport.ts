import { Http1Connection } from './http1-connection.ts';
import { dialEndpoint, peerOf } from './open-socket.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** HTTP/1.1 over node:tls, or over node:net for an endpoint on this machine. */
export function directTransport(options: TransportOptions): Transport {
  return {
    proxy: undefined,
    connect: (endpoint) =>
      new Http1Connection({ dial: (how) => dialEndpoint(endpoint, how), peer: peerOf(endpoint) }, options),
  };
}
