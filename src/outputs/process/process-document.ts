import type { CredentialPlan, PipelineContext } from '../../pipeline/credential-plan.ts';
import type { Credentials } from '../../core/credentials.ts';
import type { CacheOptions } from '../../pipeline/pipeline-cached.ts';
import { checkUsable } from '../check-usable.ts';
import { expirationText } from '../expiration-text.ts';
import { obtainOnce } from '../obtain-once.ts';

/**
 * What a `credential_process` prints (SDK guide, "Process credential provider"): compact JSON in the official helper's
 * order of keys, with no line break after it.
 *
 * @throws RolesAnywhereError RESPONSE_EMPTY, RESPONSE_EXPIRED
 */
export function processDocument(credentials: Credentials, now: Date): string {
  checkUsable(credentials, now);
  return JSON.stringify({
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: expirationText(credentials.expiration),
  });
}

/**
 * Obtains credentials, from the disk cache where there is to be one, and makes the document of them.
 * @throws RolesAnywhereError whatever the pipeline throws
 */
export async function obtainProcessDocument(
  plan: CredentialPlan,
  cache: CacheOptions | undefined,
  context: PipelineContext,
): Promise<string> {
  return processDocument(await obtainOnce(plan, cache, context), context.now());
}
