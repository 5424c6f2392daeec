import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { bareHost, type Dial, type Hold, isAddress, portOf } from './open-socket.ts';
import type { TransportOptions } from './transport.ts';

/** Straight to the endpoint. */
export function dialEndpoint(endpoint: URL, options: TransportOptions): Dial<Socket> {
  const to = { host: bareHost(endpoint), port: portOf(endpoint), signal: options.signal };
  if (endpoint.protocol === 'http:') return async (hold) => untilEvent(hold(connectTcp(to)), 'connect');
  return async (hold) => openTls(to, endpoint, options, hold);
}

/** TLS over a new connection, or over a socket that stands. */
export function openTls(over: ConnectionOptions, url: URL, options: TransportOptions, hold: Hold): Promise<Socket> {
  const socket = connectTls({ ...over, ...tlsOptions(url, options) });
  options.witness?.watch(socket);
  return untilEvent(hold(socket), 'secureConnect');
}

/** Its socket when the event comes. That it may never come is for the holder to notice. */
function untilEvent<T extends Socket>(socket: T, event: string): Promise<T> {
  return new Promise((resolve) => {
    socket.once(event, () => resolve(socket));
  });
}

/** TLS 1.2 or better, HTTP/1.1, and the name that the certificate must be for. */
function tlsOptions(url: URL, options: TransportOptions): ConnectionOptions {
  const host = bareHost(url);
  return {
    // An address is no name to indicate (RFC 6066, section 3); the certificate is checked against it all the same.
    servername: isAddress(url) ? undefined : host,
    host,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    rejectUnauthorized: options.verify,
    ...(options.ca && { ca: [...options.ca.pem] }),
  };
}
