import type { Credentials } from '../../core/credentials.ts';

/** What a role hands out at the moment. */
export interface HeldSet {
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
  held(): HeldSet | undefined;
  /** Code of the last renewal's failure, for whoever asks while nothing is held. */
  lastFailure(): string | undefined;
}

/** The roles by the names they are asked for. */
export interface RoleDirectory {
  readonly roles: readonly ServedRole[];
  /** Names as the metadata service lists them: those of the roles, or of the profiles where a role's name is not its own. */
  readonly names: readonly string[];
  /** By the name in the listing, or the profile. */
  byName(name: string): ServedRole | undefined;
  byProfile(profile: string): ServedRole | undefined;
}

/** Makes the directory. SDKs take the first name of the list, so the first profile stays first. */
export function roleDirectory(roles: readonly ServedRole[]): RoleDirectory {
  const profiles = new Map(roles.map((role) => [role.profile, role]));
  // A name leads to one role only: not to a namesake, and not past a profile that has it.
  const isUnique = (role: ServedRole): boolean =>
    roles.every((other) => other === role || (other.roleName !== role.roleName && other.profile !== role.roleName));
  const named = new Map(roles.map((role) => [isUnique(role) ? role.roleName : role.profile, role]));
  return {
    roles,
    names: [...named.keys()],
    byName: (name) => named.get(name) ?? profiles.get(name),
    byProfile: (profile) => profiles.get(profile),
  };
}
