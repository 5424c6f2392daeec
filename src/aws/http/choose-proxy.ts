import { BlockList, isIP, isIPv6 } from 'node:net';

import { RolesAnywhereError } from '../../core/errors.ts';
import { isLoopback } from './endpoint.ts';
import { bareHost, isAddress, portOf } from './open-socket.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';

/** An HTTP proxy; `option` is what messages call the place of its URL. */
export interface Proxy {
  readonly url: URL;
  readonly option: string;
}

/**
 * The proxy for an endpoint, by the rules that the official helper takes from Go (golang.org/x/net/http/httpproxy):
 * this machine is never behind a proxy, then NO_PROXY decides. Only this machine is spoken to in plain HTTP, so that
 * HTTP_PROXY has nothing to say.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function chooseProxy(proxy: NonNullable<NetworkOptions['proxy']>, endpoint: URL): Proxy | undefined {
  const text = proxy.url.trim();
  if (text === '' || isLoopback(endpoint) || isExcepted(endpoint, proxy.except ?? '')) return undefined;
  return { url: parseProxy(text, proxy.option), option: proxy.option };
}

/** The value may hold a password, so that no message repeats any of it. */
function parseProxy(text: string, option: string): URL {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z\d+.-]*):\/\/)?(.*)$/is.exec(text) ?? [];
  if (/^socks(4a?|5h?)?$/i.test(scheme)) {
    throw invalid(`${option} names a ${scheme.toLowerCase()} proxy, and SOCKS is not spoken here`, otherWays);
  }
  if (!/^https?$/i.test(scheme)) throw invalid(`${option} begins with neither http:// nor https://`, [example]);
  // One user part at the most, then the host and nothing else: a URL parser would take a part of the password for a host.
  if (!/^(?:[^@/?#\\\s]*@)?[^@/?#\\\s]+\/?$/.test(rest)) {
    throw invalid(`${option} is no URL of a proxy: only user, password, host and port may stand there`, [
      'percent-encode what stands for itself in user name and password: %40 for @, %2F for /, %23 for #, %3F for ?',
      example,
    ]);
  }
  const url = `${scheme}://${rest}`;
  if (!URL.canParse(url)) throw invalid(`${option} is no URL`, [example]);
  return new URL(url);
}

const example = 'a proxy looks like http://user:password@proxy.example:3128';
const otherWays = [
  'an HTTP proxy begins with http:// or https://',
  'to go without the proxy, name the hosts in NO_PROXY, or give --with-proxy=false',
];

function invalid(message: string, hints: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message, { hints });
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
