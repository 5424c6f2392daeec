import type { Credentials } from '../core/credentials.ts';
import { expirationText } from './expiration-text.ts';

/** Name and value of an environment variable. */
export type Variable = readonly [name: string, value: string];

/** The variables that SDKs read credentials from, in the order of the AWS CLI's `configure export-credentials`. */
export function credentialVariables(credentials: Credentials): readonly Variable[] {
  return [
    ['AWS_ACCESS_KEY_ID', credentials.accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey],
    ['AWS_SESSION_TOKEN', credentials.sessionToken],
    ['AWS_CREDENTIAL_EXPIRATION', expirationText(credentials.expiration)],
  ];
}
