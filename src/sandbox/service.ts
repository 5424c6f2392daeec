import type { PolicyContext } from '../trust/policy-condition.ts';
import type { CredentialStore, RoleSession } from './credential-store.ts';
import type { Registry } from './registry.ts';

/** What the operations work on. */
export interface Service {
  readonly registry: Registry;
  readonly credentials: CredentialStore;
  /** The sandbox's time at this request. */
  readonly now: Date;
  /** Seconds after which any session ends, whatever was asked for. */
  readonly sessionLifetime?: number | undefined;
}

/** When a session of so many seconds ends; credentials name whole seconds. */
export function sessionEnd({ now, sessionLifetime = Infinity }: Service, seconds: number): Date {
  return new Date((Math.floor(now.getTime() / 1000) + Math.min(seconds, sessionLifetime)) * 1000);
}

/** A request that was accepted. */
export interface Accepted {
  readonly status: number;
  readonly body: string;
  /** The session that was made, or that asked. */
  readonly session: RoleSession;
}

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
