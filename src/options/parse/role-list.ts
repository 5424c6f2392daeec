import type { NamedHop } from '../../aws/assume-role/role-hop.ts';
import type { ProfileEntries } from '../profile/profile-entries.ts';
import { splitArns } from './split-arns.ts';

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
  return namedRoles(splitArns(roles.text), { option: roles.place, externalId, region });
}
