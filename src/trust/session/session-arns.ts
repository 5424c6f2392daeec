/** What CreateSession is asked for. */
export interface AskedSession {
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  readonly durationSeconds?: number | undefined;
  readonly roleSessionName?: string | undefined;
  /** That the request is signed for; not judged when not given. */
  readonly region?: string | undefined;
}

interface ArnParts {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** Of an ARN; the region is empty for those of IAM. */
export function arnParts(arn: string): ArnParts {
  const [, partition = '', , region = '', account = ''] = arn.split(':');
  return { partition, region, account };
}

/** The account of an ARN. */
export function accountOf(arn: string): string {
  return arnParts(arn).account;
}

/** The region of an ARN; empty for those of IAM. */
export function regionOf(arn: string): string {
  return arnParts(arn).region;
}

/** How the three ARNs of a session do not fit together (user guide, trust model), or to the region; empty when they do. */
export function arnProblems({ trustAnchorArn, profileArn, roleArn, region }: AskedSession): readonly string[] {
  const [anchor, profile, role] = [arnParts(trustAnchorArn), arnParts(profileArn), arnParts(roleArn)];
  const isElsewhere = region !== undefined && region !== anchor.region;
  const problems: readonly (readonly [boolean, string])[] = [
    [isElsewhere, `requests go to ${region}, but the trust anchor is of ${anchor.region}`],
    [anchor.region !== profile.region, `the trust anchor is of ${anchor.region}, but the profile of ${profile.region}`],
    [
      anchor.account !== profile.account,
      `the trust anchor is of account ${anchor.account}, but the profile of ${profile.account}`,
    ],
    [
      profile.account !== role.account,
      `the profile is of account ${profile.account}, but the role of ${role.account}: both must be in one`,
    ],
    [
      new Set([anchor, profile, role].map(({ partition }) => partition)).size > 1,
      `the ARNs are of the partitions ${anchor.partition}, ${profile.partition} and ${role.partition}`,
    ],
  ];
  return problems.filter(([isProblem]) => isProblem).map(([, text]) => text);
}
