import type { RequestHandler } from './request-handler.ts';
import type { NamedHop, StsClientConfig, StsOptions } from './role-hop.ts';

/** Where a hop is assumed, and by what it is reached. */
export interface StsPlace {
  readonly hop: NamedHop;
  /** Region where neither the hop nor the caller's own settings name one. */
  readonly region: string;
  readonly sts: StsOptions;
  readonly requestHandler: RequestHandler;
  /** `roles-anywhere/1.2.3`, with `app/name` behind it where the application has a name. */
  readonly userAgent: string;
  /** Milliseconds that the clock in use is ahead of the system's. */
  readonly clockOffset: number;
}

/**
 * The settings of the STS client, each of them given: what is left out, the SDK looks for in the environment and in
 * `~/.aws/config`, which have no say here.
 */
export function clientConfig(place: StsPlace): StsClientConfig {
  const { hop, sts, userAgent } = place;
  const products = userAgent.split(' ');
  const appId = products.find((product) => product.startsWith('app/'));
  const given = withoutUndefined(sts.clientConfig ?? {});
  return {
    useFipsEndpoint: sts.fips,
    useDualstackEndpoint: sts.dualStack,
    ignoreConfiguredEndpointUrls: true,
    ...(sts.endpoint === undefined ? {} : { endpoint: sts.endpoint.url }),
    requestHandler: place.requestHandler,
    // Each attempt is one of ours, which waits and reports as CreateSession's do.
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    authSchemePreference: [],
    sigv4aSigningRegionSet: [],
    systemClockOffset: place.clockOffset,
    disableClockSkewCorrection: false,
    userAgentAppId: appId?.slice('app/'.length) ?? '',
    defaultUserAgentProvider: () => Promise.resolve(products.filter((product) => product !== appId).map(asPair)),
    ...given,
    region: hop.region ?? given.region ?? place.region,
  };
}

/** Whether the caller's settings say how often to try. */
export function retriesBySdk({ clientConfig: given = {} }: StsOptions): boolean {
  return [given.maxAttempts, given.retryMode, given.retryStrategy].some((setting) => setting !== undefined);
}

function asPair(product: string): [string, string] {
  const [name = '', version = ''] = product.split('/');
  return [name, version];
}

/** A setting that is there but undefined would hide ours, and have the SDK look for it elsewhere. */
function withoutUndefined(config: StsClientConfig): StsClientConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
