import { RolesAnywhereError } from '../errors.ts';
import type { EndpointOptions } from './session-request.ts';

/** DNS suffixes of a partition: of its standard and FIPS hosts, and of its dual-stack ones. */
const suffixes: ReadonlyMap<string, { readonly standard: string; readonly dualStack: string }> = new Map([
  ['aws', { standard: 'amazonaws.com', dualStack: 'api.aws' }],
  ['aws-cn', { standard: 'amazonaws.com.cn', dualStack: 'api.amazonwebservices.com.cn' }],
  ['aws-us-gov', { standard: 'amazonaws.com', dualStack: 'api.aws' }],
  ['aws-iso', { standard: 'c2s.ic.gov', dualStack: 'api.aws.ic.gov' }],
  ['aws-iso-b', { standard: 'sc2s.sgov.gov', dualStack: 'api.aws.scloud' }],
  ['aws-iso-e', { standard: 'cloud.adc-e.uk', dualStack: 'api.cloud-aws.adc-e.uk' }],
  ['aws-iso-f', { standard: 'csp.hci.ic.gov', dualStack: 'api.aws.hci.ic.gov' }],
  ['aws-eusc', { standard: 'amazonaws.eu', dualStack: 'api.amazonwebservices.eu' }],
]);

/**
 * The URL that CreateSession's path is appended to: a custom endpoint as given, or the service's own by partition,
 * region, FIPS and dual-stack (its endpoint rule set).
 *
 * The suffix follows from the partition of the trust anchor's ARN, not from how the region begins.
 *
 * @throws RolesAnywhereError ENDPOINT_INVALID
 */
export function resolveEndpoint(options: EndpointOptions): URL {
  if (options.custom !== undefined) return customEndpoint(options, options.custom);
  const suffix = suffixes.get(options.partition);
  if (suffix === undefined) {
    throw new RolesAnywhereError('ENDPOINT_INVALID', `no endpoint is known for the partition '${options.partition}'`, {
      hints: [`the partitions known are ${[...suffixes.keys()].join(', ')}`, 'name the endpoint with --endpoint'],
    });
  }
  // It becomes a part of the host: nothing in it may end the label.
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(options.region)) {
    throw new RolesAnywhereError('ENDPOINT_INVALID', `the region '${options.region}' cannot be part of a host name`, {
      hints: ['a region looks like eu-west-1'],
    });
  }
  const service = options.fips ? 'rolesanywhere-fips' : 'rolesanywhere';
  return new URL(`https://${service}.${options.region}.${options.dualStack ? suffix.dualStack : suffix.standard}`);
}

function customEndpoint(options: EndpointOptions, custom: { readonly url: string; readonly option: string }): URL {
  if (options.fips || options.dualStack) {
    const variant = options.fips ? 'a FIPS' : 'a dual-stack';
    throw new RolesAnywhereError('ENDPOINT_INVALID', `${custom.option} cannot be combined with ${variant} endpoint`, {
      hints: [`give the host of ${variant} endpoint in ${custom.option}, or leave ${custom.option} out`],
    });
  }
  const url = parseUrl(custom.url);
  const fault = url === undefined ? `is no URL that begins with https://` : faultOf(url);
  if (url === undefined || fault !== undefined) {
    // The text itself is not repeated: it may hold a password.
    throw new RolesAnywhereError('ENDPOINT_INVALID', `${custom.option} ${fault}`, {
      hints: ['an endpoint looks like https://rolesanywhere.eu-west-1.amazonaws.com'],
    });
  }
  return url;
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function faultOf(url: URL): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return `begins with ${url.protocol}, but an endpoint begins with https://`;
  }
  if (url.username !== '' || url.password !== '') return 'holds a user name or password, which an endpoint cannot';
  if (url.search !== '' || url.hash !== '') return 'holds a query or a fragment, which an endpoint cannot';
  if (url.protocol === 'http:' && !isLoopback(url)) {
    return `would send the request to ${url.host} unencrypted; http is for the loopback interface only`;
  }
  return undefined;
}

/**
 * Whether the host is this machine by name or address. A URL holds IPv4 addresses in their four-part form already.
 */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d+){3}$/.test(url.hostname);
}
