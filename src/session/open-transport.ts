import { directTransport } from './direct-transport.ts';
import type { NetworkOptions } from './session-request.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** An answer of CreateSession has some 3 KB. */
const maxBodyBytes = 1024 * 1024;

/**
 * The transport for an endpoint: straight, or through the proxy that the environment names for it.
 *
 * @throws RolesAnywhereError FILE_FAILED for the CA bundle, OPTION_INVALID for the proxy
 */
export async function openTransport(network: NetworkOptions, endpoint: URL): Promise<Transport> {
  const options: TransportOptions = {
    ...(network.caBundle === undefined ? {} : { ca: await trusted(network.caBundle) }),
    verify: network.verify,
    connectTimeout: network.connectTimeout,
    requestTimeout: network.requestTimeout,
    maxBodyBytes,
  };
  if (network.proxy === undefined) return directTransport(options);
  const { chooseProxy } = await import('./choose-proxy.ts');
  const proxy = chooseProxy(network.proxy, endpoint);
  if (proxy === undefined) return directTransport(options);
  const { proxyTransport } = await import('./proxy-transport.ts');
  return proxyTransport(proxy, options);
}

async function trusted(bundle: NonNullable<NetworkOptions['caBundle']>): Promise<NonNullable<TransportOptions['ca']>> {
  const { readCaBundle } = await import('./ca-bundle.ts');
  return readCaBundle(bundle);
}
