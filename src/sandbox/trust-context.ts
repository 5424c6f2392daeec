import type { PolicyContext } from '../trust/policy-condition.ts';

/** The request context of a role's trust policy, before it is brought into the form the evaluation takes. */
export interface TrustContext {
  /** Plain keys; those without a value are absent. */
  readonly keys: Readonly<Record<string, string | undefined>>;
  /** Tags of the session that is to be, or of the calling one: `aws:PrincipalTag/…`. */
  readonly principalTags: ReadonlyMap<string, string>;
  /** Tags that come with the request: `aws:RequestTag/…` and `aws:TagKeys`. */
  readonly requestTags: ReadonlyMap<string, string>;
  readonly transitiveTagKeys: Iterable<string>;
}

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
