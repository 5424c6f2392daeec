import type { NetworkOptions } from '../create-session/session-request.ts';
import { Http1Connection } from './http1-connection.ts';
import { dialEndpoint } from '../../runtime/node/dial.ts';
import { peerOf } from './open-socket.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** An answer of CreateSession has some 3 KB. */
const maxBodyBytes = 1024 * 1024;

/** What a transport needs of the world around it. */
interface TransportContext {
  /** Told once of a place of certificates that holds none. */
  readonly warn?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What was found to be needed, for as long as the options live: each renewal begins with that. */
const learned = new WeakMap<NetworkOptions, TransportOptions['ca']>();

/**
 * The transport for an endpoint: straight, or through the proxy that the environment names for it.
 *
 * @throws RolesAnywhereError FILE_FAILED for the CA bundle, OPTION_INVALID for the proxy
 */
export async function openHttpTransport(
  network: NetworkOptions,
  endpoint: URL,
  { warn, signal }: TransportContext = {},
): Promise<Transport> {
  const { caBundle, roots, proxy } = network;
  if ((caBundle ?? roots) && !learned.has(network)) {
    learned.set(network, await (await import('./trusted-roots.ts')).firstRoots(network, warn));
  }
  const options: TransportOptions = {
    ...network,
    signal,
    ca: learned.get(network),
    maxBodyBytes,
    again: async (error) => (await import('./second-try.ts')).secondTry(error, options, { network, learned }),
  };
  const throughProxy = proxy && (await import('./proxy-transport.ts')).transportThrough(proxy, endpoint, options);
  return throughProxy ?? directTransport(options);
}

/** HTTP/1.1 over node:tls, or over node:net for an endpoint on this machine. */
export function directTransport(options: TransportOptions): Transport {
  return {
    proxy: undefined,
    connect: (endpoint) =>
      new Http1Connection({ dial: (how) => dialEndpoint(endpoint, how), peer: peerOf(endpoint) }, options),
  };
}
