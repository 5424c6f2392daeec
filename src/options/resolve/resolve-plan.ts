import type { CredentialPlan, CredentialTarget } from '../../pipeline/credential-plan.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { resolveCredentialRequest } from './resolve.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes of the options what the pipeline takes: a target for each profile that `--from-profile` names.
 *
 * @throws RolesAnywhereError OPTION_*, ARN_*, ENDPOINT_INVALID, CONFIG_*: every fault at once
 */
export async function resolvePlan(values: OptionValues, env: Environment): Promise<CredentialPlan> {
  const resolve = (one: OptionValues) => resolveTarget(one, env);
  return {
    targets: [await resolve(values), ...(await Promise.all(values.others.map(resolve)))],
    failoverOnRefusal: values.isOn('failover-on-refusal'),
  };
}

/** The target of one profile, or of flags and environment alone, whatever other profiles there are. */
export async function resolveTarget(values: OptionValues, env: Environment): Promise<CredentialTarget> {
  const name = values.profileName ?? values.text('trust-anchor-arn') ?? '';
  return { name, request: (await resolveCredentialRequest(values, env)) ?? (await explain(values, env)) };
}

async function explain(values: OptionValues, env: Environment): Promise<never> {
  const { throwRequestProblems } = await import('../explain/explain-request.ts');
  return throwRequestProblems(values, env);
}
