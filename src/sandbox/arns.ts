import { createHash } from 'node:crypto';

/** ARNs and identifiers made from names, so that they are the same at every start of a sandbox. */

export interface AccountPlace {
  readonly region: string;
  readonly accountId: string;
}

const partitions: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
];

export function partitionOf(region: string): string {
  return partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
}

export function rolesAnywhereArn(
  place: AccountPlace,
  kind: 'trust-anchor' | 'profile' | 'subject',
  name: string,
): string {
  const id = makeUuid(`${kind} ${place.accountId} ${place.region} ${name}`);
  return `arn:${partitionOf(place.region)}:rolesanywhere:${place.region}:${place.accountId}:${kind}/${id}`;
}

/** `AROA` and seventeen letters and digits, as IAM gives every role. */
export function roleId(roleArn: string): string {
  const digits = BigInt(`0x${createHash('sha256').update(roleArn).digest('hex')}`).toString(36);
  return `AROA${digits.toUpperCase().slice(0, 17)}`;
}

function makeUuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
