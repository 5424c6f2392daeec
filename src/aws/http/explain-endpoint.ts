import { RolesAnywhereError } from '../../core/errors.ts';
import type { EndpointOptions } from '../create-session/session-request.ts';

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

const allSuffixes = [...suffixes.values()].flat();

/** Whether a host is one of AWS's own. */
export function isOfAws(hostname: string): boolean {
  return allSuffixes.some((suffix) => hostname.endsWith(`.${suffix}`));
}

/** The region is what comes right behind the name of the service; labels before it are whoever's choice. */
const regionBehindService = /(?:^|\.)(?:rolesanywhere|sts)(?:-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\./;

/**
 * The region that a host of the service or of STS names, also one of a VPC endpoint:
 * `rolesanywhere.eu-west-1.amazonaws.com`. Undefined for global hosts, for what else runs at AWS, such as a proxy behind a
 * load balancer, which may stand in any region, and for hosts of others, whose names need not mean what they say.
 */
function regionOfHost(hostname: string): string | undefined {
  return isOfAws(hostname) ? regionBehindService.exec(hostname)?.[1] : undefined;
}

/** Why a request that is signed for one region cannot be for that host; undefined where nothing says so. */
export function otherRegion(hostname: string, signedFor: string): string | undefined {
  const region = regionOfHost(hostname);
  if (region === undefined || region === signedFor) return undefined;
  return `${hostname} is of the region ${region}, and requests are signed for ${signedFor}`;
}

/** What is wrong with options that lead to no endpoint. A custom URL is not repeated: it may hold a password. */
export function explainEndpoint(options: EndpointOptions): RolesAnywhereError {
  const { partition, region, custom, fips, dualStack } = options;
  if (custom !== undefined) {
    if (fips || dualStack) return combined(custom.option, fips ? 'a FIPS' : 'a dual-stack');
    return invalid(`${custom.option} ${customFault(custom.url)}`, [
      'an endpoint looks like https://rolesanywhere.eu-west-1.amazonaws.com',
    ]);
  }
  if (!suffixes.has(partition)) {
    return invalid(`no endpoint is known for the partition '${partition}'`, [
      `the partitions known are ${[...suffixes.keys()].join(', ')}`,
      'name the endpoint with --endpoint',
    ]);
  }
  return invalid(`the region '${region}' cannot be part of a host name`, ['a region looks like eu-west-1']);
}

function combined(option: string, variant: string): RolesAnywhereError {
  return invalid(`${option} cannot be combined with ${variant} endpoint`, [
    `give the host of ${variant} endpoint in ${option}, or leave ${option} out`,
  ]);
}

function customFault(text: string): string {
  if (!URL.canParse(text)) return 'is no URL that begins with https://';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return `begins with ${url.protocol}, but an endpoint begins with https://`;
  }
  if (url.username !== '' || url.password !== '') return 'holds a user name or password, which an endpoint cannot';
  if (url.search !== '' || url.hash !== '') return 'holds a query or a fragment, which an endpoint cannot';
  return `would send the request to ${url.host} unencrypted; http is for the loopback interface only`;
}

function invalid(message: string, hints: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError('ENDPOINT_INVALID', message, { hints });
}
