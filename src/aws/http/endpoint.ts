import type { EndpointOptions } from '../create-session/session-request.ts';

/**
 * The URL that CreateSession's path is appended to: a custom endpoint as given, or the service's own by partition,
 * region, FIPS and dual-stack (its endpoint rule set).
 *
 * The suffix follows from the partition of the trust anchor's ARN, not from how the region begins.
 *
 * @throws RolesAnywhereError ENDPOINT_INVALID
 */
export async function resolveEndpoint(options: EndpointOptions): Promise<URL> {
  const endpoint =
    options.custom === undefined ? await ownEndpoint(options) : customEndpoint(options, options.custom.url);
  if (endpoint !== undefined) return endpoint;
  const { explainEndpoint } = await import('./explain-endpoint.ts');
  throw explainEndpoint(options);
}

async function ownEndpoint({ partition, region, fips, dualStack }: EndpointOptions): Promise<URL | undefined> {
  const suffix = (await suffixesOf(partition))?.[dualStack ? 1 : 0];
  // The region becomes a part of the host: nothing in it may end the label.
  if (suffix === undefined || !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(region)) return undefined;
  return new URL(`https://rolesanywhere${fips ? '-fips' : ''}.${region}.${suffix}`);
}

/** Nearly everybody is in one partition: the table of the others is read by who needs it. */
async function suffixesOf(partition: string): Promise<readonly [standard: string, dualStack: string] | undefined> {
  if (partition === 'aws') return ['amazonaws.com', 'api.aws'];
  return (await import('./explain-endpoint.ts')).suffixes.get(partition);
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
