/**
 * Temporary AWS credentials, in the shape of the SDK's `AwsCredentialIdentity`.
 *
 * @example
 * ```ts
 * import { type Credentials, fromRolesAnywhere } from 'roles-anywhere';
 *
 * const credentials: Credentials = await fromRolesAnywhere({ profile: 'on-prem' })();
 * console.log(credentials.accountId, credentials.expiration);
 * ```
 */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When they stop working. */
  readonly expiration: Date;
  /** The twelve digits of the account of the role, where the service told them. */
  readonly accountId?: string;
  /** Name of the target that served, where there were several to fall back on. */
  readonly target?: string;
}

/**
 * Hands out credentials, new or remembered; throws rather than hand out an expired or an empty set.
 *
 * @example
 * ```ts
 * import { type CredentialSource, fromRolesAnywhere } from 'roles-anywhere';
 *
 * export const source: CredentialSource = fromRolesAnywhere({ profile: 'on-prem' });
 * ```
 */
export type CredentialSource = () => Promise<Credentials>;
