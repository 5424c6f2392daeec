import type { EndpointOptions } from './session-request.ts';

/** DNS suffixes by partition: that of its standard and FIPS hosts, and that of its dual-stack ones. */
export const suffixes: ReadonlyMap<string, readonly [standard: string, dualStack: string]> = new Map([
  ['aws', ['amazonaws.com', 'api.aws']],
  ['aws-cn', ['amazonaws.com.cn', 'api.amazonwebservices.com.cn']],
  ['aws-us-gov', ['amazonaws.com', 'api.aws']],
  ['aws-iso', ['c2s.ic.gov', 'api.aws.ic.gov']],
  ['aws-iso-b', ['sc2s.sgov.gov', 'api.aws.scloud']],
  ['aws-iso-e', ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk']],
  ['aws-iso-f', ['csp.hci.ic.gov', 'api.aws.hci.ic.gov']],
  ['aws-eusc', ['amazonaws.eu', 'api.amazonwebservices.eu']],
]);

/**
 * The URL that CreateSession's path is appended to: a custom endpoint as given, or the service's own by partition,
 * region, FIPS and dual-stack (its endpoint rule set).
 *
 * The suffix follows from the partition of the trust anchor's ARN, not from how the region begins.
 *
 * @throws RolesAnywhereError ENDPOINT_INVALID
 */
export async function resolveEndpoint(options: EndpointOptions): Promise<URL> {
  const endpoint = options.custom === undefined ? ownEndpoint(options) : customEndpoint(options, options.custom.url);
  if (endpoint !== undefined) return endpoint;
  const { explainEndpoint } = await import('./explain-endpoint.ts');
  throw explainEndpoint(options);
}

function ownEndpoint({ partition, region, fips, dualStack }: EndpointOptions): URL | undefined {
  const suffix = suffixes.get(partition)?.[dualStack ? 1 : 0];
  // The region becomes a part of the host: nothing in it may end the label.
  if (suffix === undefined || !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(region)) return undefined;
  return new URL(`https://rolesanywhere${fips ? '-fips' : ''}.${region}.${suffix}`);
}

function customEndpoint({ fips, dualStack }: EndpointOptions, text: string): URL | undefined {
  if (fips || dualStack || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isBare = url.username + url.password + url.search + url.hash === '';
  return isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) ? url : undefined;
}

/**
 * Whether the host is this machine by name or address. A URL holds IPv4 addresses in their four-part form already.
 */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d+){3}$/.test(url.hostname);
}
