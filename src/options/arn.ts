import { RolesAnywhereError } from '../errors.ts';
import type { Problems } from './problems.ts';

/** An ARN and the option that gave it; `origin` is what messages call the option. */
export interface GivenArn {
  readonly text: string;
  readonly origin: string;
}

/** `arn:partition:service:region:account:resource` */
export interface Arn extends GivenArn {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** What the message calls it: trust anchor. */
  readonly kind: ArnKind;
}

export type ArnKind = 'trust anchor' | 'profile' | 'role';

interface ArnForm {
  readonly service: string;
  readonly region: RegExp;
  readonly resource: RegExp;
  readonly example: string;
}

const region = /^[a-z]{2,}(-[a-z0-9]+)+$/;

/** CreateSession, request parameters; IAM, RoleName and Path. */
const forms: Record<ArnKind, ArnForm> = {
  'trust anchor': {
    service: 'rolesanywhere',
    region,
    resource: /^trust-anchor\/[\w-]+$/,
    example: 'arn:aws:rolesanywhere:<region>:<account>:trust-anchor/<id>',
  },
  profile: {
    service: 'rolesanywhere',
    region,
    resource: /^profile\/[\w-]+$/,
    example: 'arn:aws:rolesanywhere:<region>:<account>:profile/<id>',
  },
  role: {
    service: 'iam',
    region: /^$/,
    resource: /^role\/([!-~]+\/)?[\w+=,.@-]{1,64}$/,
    example: 'arn:aws:iam::<account>:role/<name>',
  },
};

/** A region as part of a host name and of the signing scope. */
export function isRegion(text: string): boolean {
  return region.test(text);
}

/**
 * Reads one ARN.
 * @throws RolesAnywhereError ARN_INVALID
 */
export function parseArn(kind: ArnKind, given: GivenArn): Arn {
  const form = forms[kind];
  const [prefix, partition = '', service, place = '', account = '', ...resource] = given.text.split(':');
  const wellFormed =
    prefix === 'arn' &&
    /^aws(-[a-z0-9]+)*$/.test(partition) &&
    service === form.service &&
    form.region.test(place) &&
    /^\d{12}$/.test(account) &&
    form.resource.test(resource.join(':')) &&
    given.text.length <= 1011;
  if (!wellFormed) {
    throw new RolesAnywhereError(
      'ARN_INVALID',
      `${given.origin} is no ARN of a ${kind}: ${JSON.stringify(given.text)}`,
      {
        hints: [`the ARN of a ${kind} looks like ${form.example}`],
      },
    );
  }
  return { ...given, kind, partition, region: place, account };
}

/**
 * What the service needs of the three together (protocol: trust anchor, profile and role are of one account, trust
 * anchor and profile of one region). What could not be read is left out.
 */
export function checkArnsTogether(
  trustAnchor: Arn | undefined,
  profile: Arn | undefined,
  role: Arn | undefined,
  problems: Problems,
): void {
  if (trustAnchor !== undefined && profile !== undefined) {
    requireEqual(trustAnchor, profile, ['partition', 'region', 'account'], problems);
  }
  if (profile !== undefined && role !== undefined) requireEqual(profile, role, ['partition', 'account'], problems);
  else if (trustAnchor !== undefined && role !== undefined) {
    requireEqual(trustAnchor, role, ['partition', 'account'], problems);
  }
}

function requireEqual(
  one: Arn,
  other: Arn,
  parts: readonly ('partition' | 'region' | 'account')[],
  problems: Problems,
): void {
  for (const part of parts) {
    if (one[part] === other[part]) continue;
    problems.add(
      new RolesAnywhereError(
        'ARN_MISMATCH',
        `${one.kind} and ${other.kind} are not in the same ${part}: ${one.origin} is in ${one[part]}, ${other.origin} in ${other[part]}`,
      ),
    );
  }
}
