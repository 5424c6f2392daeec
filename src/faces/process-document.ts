import type { Credentials } from '../credentials.ts';
import { RolesAnywhereError } from '../errors.ts';
import { type CredentialRequest, obtainCredentials, type PipelineContext } from '../pipeline.ts';

/**
 * What a `credential_process` prints (SDK guide, "Process credential provider"): compact JSON in the official helper's
 * order of keys, with no line break after it.
 *
 * @throws RolesAnywhereError RESPONSE_EMPTY, RESPONSE_EXPIRED: an SDK would take an empty set for a good one, and an
 *   expired one again and again
 */
export function processDocument(credentials: Credentials, now: Date): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
  if (accessKeyId === '' || secretAccessKey === '' || sessionToken === '') {
    throw new RolesAnywhereError('RESPONSE_EMPTY', 'the service answered with an empty set of credentials');
  }
  // Not "earlier than now": a time that could not be read is not later than anything.
  if (!(expiration.getTime() > now.getTime())) {
    throw new RolesAnywhereError('RESPONSE_EXPIRED', 'the credentials of the answer have expired already');
  }
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: `${expiration.toISOString().slice(0, 19)}Z`,
  });
}

/**
 * Obtains credentials and makes the document of them.
 * @throws RolesAnywhereError whatever the pipeline throws
 */
export async function obtainProcessDocument(request: CredentialRequest, context: PipelineContext): Promise<string> {
  return processDocument(await obtainCredentials(request, context), context.now());
}
