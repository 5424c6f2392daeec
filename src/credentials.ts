/**
 * Temporary AWS credentials, in the shape of the SDK's `AwsCredentialIdentity`.
 */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When they stop working. */
  readonly expiration: Date;
  /** The twelve digits of the account of the role, where the service told them. */
  readonly accountId?: string;
}

/** Hands out credentials, new or remembered; throws rather than hand out an expired or an empty set. */
export type CredentialSource = () => Promise<Credentials>;
