import type { CredentialPlan } from '../credential-plan.ts';
import type { OptionValues } from '../options/option-values.ts';
import { resolvePlan } from '../options/resolve-plan.ts';
import type { Terminal } from './command.ts';

/** What to obtain, after the warning that its options deserve. */
export async function planOf(values: OptionValues, terminal: Terminal): Promise<CredentialPlan> {
  const plan = await resolvePlan(values, terminal.env);
  if (values.isOn('no-verify-ssl')) {
    terminal.warn(`${values.origin('no-verify-ssl')}: the certificate of the endpoint is not checked`);
  }
  return plan;
}
