/** The parts of an ARN that Roles Anywhere's ARNs have in common. That of a role has no region. */
export interface Arn {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

export type ArnKind = 'trust anchor' | 'profile' | 'role';

/** CreateSession, request parameters; IAM, RoleName and Path. */
const forms: Readonly<Record<ArnKind, RegExp>> = {
  'trust anchor': /^arn:(aws(?:-[a-z0-9]+)*):rolesanywhere:([a-z]{2,}(?:-[a-z0-9]+)+):(\d{12}):trust-anchor\/[\w-]+$/,
  profile: /^arn:(aws(?:-[a-z0-9]+)*):rolesanywhere:([a-z]{2,}(?:-[a-z0-9]+)+):(\d{12}):profile\/[\w-]+$/,
  role: /^arn:(aws(?:-[a-z0-9]+)*):iam:():(\d{12}):role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/,
};

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
