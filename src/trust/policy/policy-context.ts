/** Request context: lower-case keys, `aws:principaltag/x509subject/cn`; a key without value is absent. */
export type PolicyContext = ReadonlyMap<string, readonly string[]>;

/** The request context of a role's trust policy, before it is brought into the form the evaluation takes. */
export interface TrustContext {
  /** Plain keys, `aws:SourceArn`; those without a value are absent. */
  readonly keys: Readonly<Record<string, string | undefined>>;
  /** Tags of the session that is to be, or of the calling one: `aws:PrincipalTag/…`. */
  readonly principalTags: ReadonlyMap<string, string>;
  /** Tags that come with the request: `aws:RequestTag/…` and `aws:TagKeys`. */
  readonly requestTags: ReadonlyMap<string, string>;
  readonly transitiveTagKeys: Iterable<string>;
}

/** What every request has, whoever makes it (IAM user guide, global condition keys). */
export function keysOfEveryRequest(now: Date, region: string): Readonly<Record<string, string>> {
  return {
    'aws:CurrentTime': now.toISOString(),
    'aws:EpochTime': String(Math.floor(now.getTime() / 1000)),
    'aws:SecureTransport': 'true',
    'aws:RequestedRegion': region,
  };
}

/** Brings a request context into the form that the evaluation takes. */
export function makePolicyContext(context: TrustContext): PolicyContext {
  const entries: [string, readonly string[]][] = [
    ...Object.entries(context.keys).map(([key, value]): [string, string[]] => [
      key,
      value === undefined ? [] : [value],
    ]),
    ...[...context.principalTags].map(([key, value]): [string, string[]] => [`aws:PrincipalTag/${key}`, [value]]),
    ...[...context.requestTags].map(([key, value]): [string, string[]] => [`aws:RequestTag/${key}`, [value]]),
    ['aws:TagKeys', [...context.requestTags.keys()]],
    ['sts:TransitiveTagKeys', [...context.transitiveTagKeys]],
  ];
  return new Map(entries.map(([key, values]) => [key.toLowerCase(), values]));
}

/** Keys that may have several values (IAM user guide, condition keys); all others have one. */
const multivalued: ReadonlySet<string> = new Set([
  'aws:tagkeys',
  'sts:transitivetagkeys',
  'aws:principalservicenameslist',
  'aws:calledvia',
]);

/** Whether a key may have several values, which wants a set operator. */
export function isMultivalued(key: string): boolean {
  return multivalued.has(key.toLowerCase());
}
