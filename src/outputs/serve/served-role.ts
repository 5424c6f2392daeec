import type { Credentials } from '../../core/credentials.ts';
import type { CredentialPlan } from '../../pipeline/credential-plan.ts';
import type { RefreshableCredentials } from '../../pipeline/refreshable-credentials.ts';

/** What a role hands out at the moment. */
export interface CurrentSet {
  readonly credentials: Credentials;
  /** When they were obtained. */
  readonly renewedAt: Date;
}

/** A role as the routes see it. */
export interface ServedRole {
  /** The profile of `--from-profile`, or the role's name without one: the container path. */
  readonly profile: string;
  /** Last segment of the role's ARN. */
  readonly roleName: string;
  /** Of the role's ARN: answers that leave the account out have it from here. */
  readonly accountId: string;
  /** The valid set, if there is one; never waits. */
  current(): CurrentSet | undefined;
  /** Code of the last renewal's failure, for whoever asks while there is no set. */
  lastFailure(): string | undefined;
}

/**
 * What gives the set that is valid, if there is one, and never waits. Where there is none it wakes the renewal: timers
 * stand still while the machine sleeps, and who asks first finds out that the set has expired. Within the pause after a
 * failure, and while a renewal is under way, that asks nobody.
 */
export function currentCredentials({
  current,
  get,
}: Pick<RefreshableCredentials, 'current' | 'get'>): () => Credentials | undefined {
  let isAwake = false;
  const end = (): void => void (isAwake = false);
  return () => {
    const credentials = current();
    if (credentials !== undefined || isAwake) return credentials;
    isAwake = true;
    // What it fails with is told by its event.
    get().then(end, end);
    return undefined;
  };
}

/** The roles by the names they are asked for. */
export interface RoleDirectory {
  readonly roles: readonly ServedRole[];
  /** What the metadata service lists: the first role's name, or its profile's where the role has a namesake. */
  readonly firstName: string;
  /** By the role's name where it is unique, or the profile. */
  byName(name: string): ServedRole | undefined;
  byProfile(profile: string): ServedRole | undefined;
}

/** Makes the directory. The first role is the one for whoever does not ask by name. */
export function roleDirectory(roles: readonly ServedRole[]): RoleDirectory {
  const profiles = new Map(roles.map((role) => [role.profile, role]));
  // A name leads to one role only: not to a namesake, and not past a profile that has it.
  const isUnique = (role: ServedRole): boolean =>
    roles.every((other) => other === role || (other.roleName !== role.roleName && other.profile !== role.roleName));
  const named = new Map(roles.map((role) => [isUnique(role) ? role.roleName : role.profile, role]));
  return {
    roles,
    firstName: [...named.keys()][0] ?? '',
    byName: (name) => named.get(name) ?? profiles.get(name),
    byProfile: (profile) => profiles.get(profile),
  };
}

/** The last role of a chain is the one whose credentials are served. */
export function servedRoleOf(plan: CredentialPlan): Pick<ServedRole, 'roleName' | 'accountId'> {
  const { session, roleChain } = plan.targets[0].request;
  const arn = roleChain?.at(-1)?.roleArn ?? session.roleArn;
  return { roleName: arn.slice(arn.lastIndexOf('/') + 1), accountId: arn.split(':')[4] ?? '' };
}
