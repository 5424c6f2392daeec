/** What CreateSession is asked for. */
export interface AskedSession {
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  readonly durationSeconds?: number | undefined;
  readonly roleSessionName?: string | undefined;
}

/** The account of an ARN. */
export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}

/** The region of an ARN; empty for those of IAM. */
export function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}

/** How the three ARNs of a session do not fit together (user guide, trust model); undefined when they do. */
export function arnProblem(asked: AskedSession): string | undefined {
  const { trustAnchorArn: anchor, profileArn: profile, roleArn: role } = asked;
  const partition = (arn: string): string => arn.split(':')[1] ?? '';
  if (regionOf(anchor) !== regionOf(profile)) {
    return `the trust anchor is in ${regionOf(anchor)}, the profile in ${regionOf(profile)}`;
  }
  const accounts = new Set([anchor, profile, role].map(accountOf));
  if (accounts.size > 1) return `trust anchor, profile and role are in the accounts ${[...accounts].join(', ')}`;
  const partitions = new Set([anchor, profile, role].map(partition));
  return partitions.size > 1 ? `the ARNs are of the partitions ${[...partitions].join(', ')}` : undefined;
}
