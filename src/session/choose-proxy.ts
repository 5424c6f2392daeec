import { BlockList, isIP, isIPv6 } from 'node:net';

import { RolesAnywhereError } from '../errors.ts';
import { isLoopback } from './endpoint.ts';
import { bareHost, isAddress, portOf } from './open-socket.ts';
import type { NetworkOptions } from './session-request.ts';

type Proxies = NonNullable<NetworkOptions['proxies']>;

/**
 * The proxy for an endpoint, by the rules that the official helper takes from Go (golang.org/x/net/http/httpproxy):
 * this machine is never behind a proxy, then NO_PROXY decides, then the variable of the endpoint's scheme.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function chooseProxy(proxies: Proxies, endpoint: URL): URL | undefined {
  const [name, value] = endpoint.protocol === 'https:' ? ['HTTPS_PROXY', proxies.https] : ['HTTP_PROXY', proxies.http];
  if (value === undefined || value.trim() === '' || isLoopback(endpoint)) return undefined;
  return isExcepted(endpoint, proxies.none ?? '') ? undefined : parseProxy(name, value.trim());
}

/** The value may hold a password, so that no message repeats it. */
function parseProxy(name: string, value: string): URL {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    throw new RolesAnywhereError('OPTION_INVALID', `${name} is no URL`, {
      hints: ['a proxy looks like http://user:password@proxy.example:3128'],
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new RolesAnywhereError('OPTION_INVALID', `${name} begins with ${url.protocol}, which is no HTTP proxy`, {
      hints: ['proxies are reached by http:// or https://'],
    });
  }
  return url;
}

function isExcepted(endpoint: URL, exceptions: string): boolean {
  return exceptions
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), endpoint));
}

/** One entry of NO_PROXY: everything, an address range, an address or a domain, the last two with a port or without. */
function matches(entry: string, endpoint: URL): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isAddress(endpoint) && isInRange(bareHost(endpoint), entry);
  const { host, port } = splitPort(entry);
  if (port !== undefined && port !== String(portOf(endpoint))) return false;
  if (isIP(host) !== 0)
    return isAddress(endpoint) && isInRange(bareHost(endpoint), `${host}/${isIPv6(host) ? 128 : 32}`);
  return !isAddress(endpoint) && matchesDomain(host, endpoint.hostname);
}

function splitPort(entry: string): { readonly host: string; readonly port: string | undefined } {
  if (isIPv6(entry)) return { host: entry, port: undefined };
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  return { host: bracketed ?? plain ?? entry, port };
}

/** `example.com` is for the domain and what is below it; `.example.com` and `*.example.com` only for what is below. */
function matchesDomain(pattern: string, host: string): boolean {
  const below = pattern.replace(/^\*(?=\.)/, '');
  return below.startsWith('.') ? host.endsWith(below) : host === below || host.endsWith(`.${below}`);
}

function isInRange(address: string, range: string): boolean {
  const [network = '', bits = ''] = range.split('/');
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  const widest = family === 'ipv6' ? 128 : 32;
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > widest) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
