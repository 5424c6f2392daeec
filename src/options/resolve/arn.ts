/** The parts of an ARN that Roles Anywhere's ARNs have in common. That of a role has no region. */
export interface Arn {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

export type ArnKind = 'trust anchor' | 'profile' | 'role';

/** CreateSession, request parameters; IAM, RoleName and Path. */
const forms: Readonly<Record<ArnKind, RegExp>> = {
  'trust anchor': ofRolesAnywhere('trust-anchor'),
  profile: ofRolesAnywhere('profile'),
  role: /^arn:(aws(?:-[a-z0-9]+)*):iam:():(\d{12}):role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/,
};

function ofRolesAnywhere(resource: string): RegExp {
  return new RegExp(
    `^arn:(aws(?:-[a-z0-9]+)*):rolesanywhere:([a-z]{2,}(?:-[a-z0-9]+)+):(\\d{12}):${resource}/[\\w-]+$`,
  );
}

/** The parts of an ARN of that kind; undefined for any other text. */
export function parseArn(kind: ArnKind, text: string): Arn | undefined {
  const [, partition, region, account] = (text.length > 1011 ? undefined : forms[kind].exec(text)) ?? [];
  if (partition === undefined || region === undefined || account === undefined) return undefined;
  return { partition, region, account };
}

/** A region as part of a host name and of the signing scope. */
export function isRegion(text: string): boolean {
  return /^[a-z]{2,}(-[a-z0-9]+)+$/.test(text);
}

/** What stands between ARNs. The name of a role may hold a comma too: the next ARN begins behind it. */
export const arnSeparator = /,(?=\s*arn:)/;

/** STS AssumeRole, RoleSessionName. */
export function isSessionName(text: string): boolean {
  return /^[\w+=,.@-]{2,64}$/.test(text);
}
