import type { CredentialPlan, PipelineContext } from '../pipeline/credential-plan.ts';
import type { Credentials } from '../core/credentials.ts';
import type { CacheOptions } from '../pipeline/pipeline-cached.ts';

/**
 * Credentials for a process that hands them out and ends, from the disk cache where there is to be one.
 * @throws RolesAnywhereError whatever the pipeline throws
 */
export async function obtainOnce(
  plan: CredentialPlan,
  cache: CacheOptions | undefined,
  context: PipelineContext,
): Promise<Credentials> {
  if (cache === undefined) {
    // A file of its own: a hit of the cache needs neither keys nor the network.
    const { obtainPlanned } = await import('../pipeline/pipeline.ts');
    return obtainPlanned(plan, context);
  }
  const { obtainCached } = await import('../pipeline/pipeline-cached.ts');
  return obtainCached(plan, cache, context);
}
