import type { FromTemporaryCredentialsOptions } from '@aws-sdk/credential-providers';
import type { NetworkOptions } from '../create-session/session-request.ts';

/**
 * One AssumeRole with the credentials of the hop before (STS API reference, AssumeRole).
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere, type RoleHop } from 'roles-anywhere';
 *
 * const workload: RoleHop = {
 *   roleArn: 'arn:aws:iam::444455556666:role/Workload',
 *   externalId: 'example',
 *   tags: { team: 'billing' },
 * };
 * export const credentials = fromRolesAnywhere({ profile: 'on-prem', roleChain: [workload] });
 * ```
 */
export interface RoleHop {
  readonly roleArn: string;
  /** 2 to 1224 characters, as the role's trust policy asks for. */
  readonly externalId?: string;
  /** 2 to 64 characters; made up when not given. */
  readonly roleSessionName?: string;
  /** Seconds, 900 to 3600: the credentials of a role that was assumed cannot ask for more. */
  readonly durationSeconds?: number;
  /** A session policy, as JSON. */
  readonly policy?: string;
  /** ARNs of managed session policies, at most 10. */
  readonly policyArns?: readonly string[];
  /** Session tags by key, at most 50. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Keys of tags that go on to the hops behind. */
  readonly transitiveTagKeys?: readonly string[];
  /** Region of the STS endpoint; that of the trust anchor when not given. */
  readonly region?: string;
}

/** A hop and what messages call it: `roleChain[0]`, `--assume-role`, `role_arn of profile workload`. */
export interface NamedHop extends RoleHop {
  readonly option: string;
}

/**
 * Settings of the SDK's STS client.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere, type StsClientConfig } from 'roles-anywhere';
 *
 * const clientConfig: StsClientConfig = { region: 'eu-central-1', maxAttempts: 5 };
 * export const credentials = fromRolesAnywhere({ profile: 'workload', clientConfig });
 * ```
 */
export type StsClientConfig = NonNullable<FromTemporaryCredentialsOptions['clientConfig']>;

/** What holds for STS in every hop. */
export interface StsOptions {
  /** In place of the region's own endpoint; `option` is what messages call it: `--sts-endpoint`. */
  readonly endpoint?: { readonly url: string; readonly option: string };
  readonly fips: boolean;
  readonly dualStack: boolean;
  /**
   * A caller's own settings of the client. They come before ours, but for the region, where that of the hop comes first.
   * With a `requestHandler` the caller's HTTP is used in place of ours, with `maxAttempts`, `retryMode` or
   * `retryStrategy` the SDK's retries in place of ours. `credentials` is not looked at: those are of the hop before.
   */
  readonly clientConfig?: StsClientConfig;
}

/** One AssumeRole of a chain. */
export interface RoleCall {
  readonly hop: NamedHop;
  /** Its place among the hops, from 1, and how many there are. */
  readonly position: number;
  readonly hops: number;
  /** ARN of the role whose credentials are used. */
  readonly callerArn: string;
  /** Of the trust anchor. */
  readonly partition: string;
  readonly region: string;
  readonly sts: StsOptions;
  readonly network: NetworkOptions;
}
