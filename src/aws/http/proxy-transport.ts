import type { Socket } from 'node:net';

import { RolesAnywhereError } from '../../core/errors.ts';
import { chooseProxy, type Proxy } from './choose-proxy.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import { Http1Connection } from './http1-connection.ts';
import { createHeadReader } from './http1-response.ts';
import { networkError, placeOf } from './network-error.ts';
import { dialEndpoint, openTls } from './node-sockets.ts';
import { peerOf, portOf, type Dial, type Hold } from './open-socket.ts';
import type { Transport, TransportOptions } from './transport.ts';

/**
 * Through the proxy that is given, where it is for this endpoint.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function transportThrough(
  given: NonNullable<NetworkOptions['proxy']>,
  endpoint: URL,
  options: TransportOptions,
): Transport | undefined {
  const proxy = chooseProxy(given, endpoint);
  return proxy && proxyTransport(proxy, options);
}

/**
 * HTTP/1.1 in TLS through the tunnel of an HTTP proxy (RFC 9110, section 9.3.6).
 *
 * Not undici's ProxyAgent: loading it takes longer than the whole exchange, and the runtime of the native executables
 * has a class of that name in place of the package's, which goes to the endpoint past the proxy.
 *
 * @param proxy its URL may hold credentials, which appear in no message
 */
export function proxyTransport(proxy: Proxy, options: TransportOptions): Transport {
  return {
    proxy: peerOf(proxy.url),
    connect: (endpoint) => {
      const peer = `${peerOf(endpoint)} (by ${nameOf(proxy)})`;
      return new Http1Connection({ dial: (how) => dialThrough(proxy, endpoint, how), peer }, options);
    },
  };
}

/** As messages call it. That a variable names it is worth telling: nobody need have thought of it. */
function nameOf({ url, option }: Proxy): string {
  return `the proxy ${peerOf(url)} of ${option}`;
}

function dialThrough(proxy: Proxy, endpoint: URL, options: TransportOptions): Dial {
  const dialProxy = dialEndpoint(proxy.url, options);
  return async (hold) => {
    let tunnelled = false;
    const blameProxy = (error: Error): Error =>
      tunnelled ? error : networkError(error, placeOf(nameOf(proxy), options));
    const holdProxy: Hold = (socket) => hold(socket, blameProxy);
    const socket = await dialProxy(holdProxy);
    await openTunnel(socket, proxy, endpoint);
    tunnelled = true;
    if (endpoint.protocol === 'http:') return socket;
    return openTls({ socket }, endpoint, options, hold);
  };
}

/** Asks the proxy for the endpoint. Resolves when it has agreed, with everything it said read from the socket. */
async function openTunnel(socket: Socket, proxy: Proxy, endpoint: URL): Promise<void> {
  const target = `${endpoint.hostname}:${portOf(endpoint)}`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n${authorization(proxy.url)}\r\n`);
  const { status } = await readHead(socket, (fault) => {
    const message = `${nameOf(proxy)} gave no valid answer to CONNECT: ${fault}`;
    return new RolesAnywhereError('NETWORK_PROXY', message);
  });
  if (status < 200 || status >= 300) throw refusal(status, proxy, target);
}

function authorization(proxy: URL): string {
  if (proxy.username === '' && proxy.password === '') return '';
  const pair = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  return `proxy-authorization: Basic ${Buffer.from(pair, 'latin1').toString('base64')}\r\n`;
}

/** One character for each byte. A URL holds ASCII, and a percent sign that begins no escape stands for itself. */
function decoded(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function refusal(status: number, proxy: Proxy, target: string): RolesAnywhereError {
  const name = nameOf(proxy);
  if (status >= 502 && status <= 504) {
    return new RolesAnywhereError('NETWORK_UNREACHABLE', `${name} cannot reach ${target} (status ${status})`);
  }
  const hints =
    status === 407
      ? ['put user name and password into the proxy URL: http://user:password@host:port']
      : ['ask who runs the proxy to let this host through; NO_PROXY or --with-proxy=false goes without it'];
  return new RolesAnywhereError('NETWORK_PROXY', `${name} refuses to connect to ${target} (status ${status})`, {
    hints,
  });
}

/** Reads as far as the empty line. What follows is TLS, and begins only when this side has spoken. */
function readHead(socket: Socket, malformed: (fault: string) => Error): Promise<{ readonly status: number }> {
  const heads = createHeadReader(malformed);
  return new Promise((resolve, reject) => {
    const settle = (piece: Buffer): void => {
      heads.add(piece);
      const head = heads.next();
      if (head === undefined) return;
      socket.off('data', onData).pause();
      resolve(head);
    };
    const onData = (piece: Buffer): void => {
      try {
        settle(piece);
      } catch (error) {
        socket.off('data', onData).pause();
        reject(error);
      }
    };
    socket.on('data', onData);
  });
}
