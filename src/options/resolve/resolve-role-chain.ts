import type { CredentialRequest } from '../../pipeline/credential-plan.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { hopFaults } from '../../aws/assume-role/check-hop.ts';
import type { NamedHop } from '../../aws/assume-role/role-hop.ts';
import { parseArn } from './arn.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { Problems } from '../parse/problems.ts';
import { namedRoles } from '../parse/role-list.ts';
import { placeholderHints } from '../parse/shown.ts';

type RoleChain = Required<Pick<CredentialRequest, 'roleChain' | 'sts'>>;

/**
 * The roles to assume: those that the profile leads through, then those of `--assume-role`. A call without roles goes
 * without this.
 *
 * @returns undefined where something is wrong: explainRoleChain says what
 */
export function resolveRoleChain(values: OptionValues): RoleChain | undefined {
  const problems = new Problems();
  explainRoleChain(values, problems);
  if (!problems.isEmpty) return undefined;
  const url = values.text('sts-endpoint');
  return {
    roleChain: rolesOf(values),
    sts: {
      ...(url === undefined ? {} : { endpoint: { url, option: values.origin('sts-endpoint') } }),
      fips: values.isOn('use-fips-endpoint'),
      dualStack: values.isOn('use-dualstack-endpoint'),
    },
  };
}

/** Adds what STS would refuse in a hop, and an external ID that no role is there for. */
export function explainRoleChain(values: OptionValues, problems: Problems): void {
  if (values.isGiven('external-id') && !values.isGiven('assume-role')) {
    const hints = ['give the role with --assume-role; a role of a profile has its external_id there'];
    const message = `${values.origin('external-id')} is for the last role of --assume-role, and there is none`;
    problems.add(new RolesAnywhereError('OPTION_MISPLACED', message, { hints }));
  }
  // A trust anchor that is missing or wrong is a problem of its own.
  const partition = parseArn('trust anchor', values.text('trust-anchor-arn') ?? '')?.partition;
  if (partition === undefined) return;
  for (const hop of rolesOf(values)) for (const fault of hopFaults(hop, partition)) problems.add(withHint(hop, fault));
}

/** Of texts alone: programs give anything, which the faults are about then. */
function withHint({ roleArn, region }: NamedHop, { code, message, hints, cause }: RolesAnywhereError) {
  const more = [roleArn, region].filter((text) => typeof text === 'string').flatMap(placeholderHints);
  return new RolesAnywhereError(code, message, { hints: [...hints, ...more], cause });
}

function rolesOf(values: OptionValues): readonly NamedHop[] {
  const given = {
    option: values.origin('assume-role'),
    externalId: values.text('external-id'),
    region: values.profileChain.at(-1)?.region,
  };
  return [...values.profileChain, ...namedRoles(values.list('assume-role'), given)];
}
