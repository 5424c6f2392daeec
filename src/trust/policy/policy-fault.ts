import { RolesAnywhereError } from '../../core/errors.ts';

/** A trust policy that IAM would refuse, or whose meaning is not documented. */
export function policyFault(what: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', `the trust policy cannot be used: ${what}`);
}
