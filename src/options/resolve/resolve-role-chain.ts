import type { CredentialRequest } from '../../pipeline/credential-plan.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { hopFaults } from '../../aws/assume-role/check-hop.ts';
import type { NamedHop } from '../../aws/assume-role/role-hop.ts';
import { parseArn, arnSeparator } from './arn.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { placeholderHints, Problems } from '../parse/problems.ts';
import type { ProfileEntries } from '../profile/aws-files.ts';

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

/** Roles by their ARNs, in order; the external ID is for the last of them. */
export function namedRoles(
  roleArns: readonly string[],
  { option, externalId, region }: { option: string; externalId?: string | undefined; region?: string | undefined },
): readonly NamedHop[] {
  return roleArns.map((roleArn, at) => ({
    option,
    roleArn,
    ...(externalId === undefined || at < roleArns.length - 1 ? {} : { externalId }),
    ...(region === undefined ? {} : { region }),
  }));
}

/** The roles that the keys of a profile say: they belong to the credentials that the profile stands for. */
export function rolesOfEntries(entries: ProfileEntries, region: string | undefined): readonly NamedHop[] {
  const roles = entries.get('roles_anywhere_assume_role');
  if (roles === undefined) return [];
  const externalId = entries.get('roles_anywhere_external_id')?.text;
  return namedRoles(
    roles.text.split(arnSeparator).map((arn) => arn.trim()),
    { option: roles.place, externalId, region },
  );
}
