import { RolesAnywhereError } from '../../core/errors.ts';
import { isLoopback } from '../http/endpoint.ts';
import { suffixes } from '../http/explain-endpoint.ts';

/** Where a service is. */
export interface ServicePlace {
  /** What its host begins with, and its signing name unless told otherwise: `sns`. */
  readonly service: string;
  /** `SNS`, of AWS_ENDPOINT_URL_SNS. */
  readonly variable: string;
  readonly partition: string;
  readonly region: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The endpoint of a service: that of AWS_ENDPOINT_URL_<SERVICE>, of AWS_ENDPOINT_URL, or the regional one.
 * @throws RolesAnywhereError ENDPOINT_INVALID
 */
export function serviceEndpoint({ service, variable, partition, region }: ServicePlace, env: Environment): URL {
  const custom = customEndpointOf(variable, env);
  if (custom !== undefined) return custom;
  const suffix = partition === 'aws' ? 'amazonaws.com' : suffixes.get(partition)?.[0];
  if (suffix !== undefined && /^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(region))
    return new URL(`https://${service}.${region}.${suffix}`);
  throw new RolesAnywhereError(
    'ENDPOINT_INVALID',
    `there is no endpoint of ${service} in ${JSON.stringify(region)}, partition ${partition}`,
  );
}

/** One of the user's own, as the SDKs take it. */
export function customEndpointOf(variable: string, env: Environment): URL | undefined {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return undefined;
  const name = [`AWS_ENDPOINT_URL_${variable}`, 'AWS_ENDPOINT_URL'].find((candidate) => env[candidate]);
  if (name === undefined) return undefined;
  const text = env[name] ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))) return url;
  throw new RolesAnywhereError('ENDPOINT_INVALID', `${name} must be an https URL, or http on this machine`);
}
