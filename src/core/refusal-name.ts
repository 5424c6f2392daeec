/**
 * Why CreateSession or AssumeRole was refused, as far as that was found out. A closed set: metrics count by it.
 *
 * - `clock`, `key`, `request`: the signature does not hold: the time, the private key, or what is on the way.
 * - `certificate`: the leaf breaks a rule. `path`: no path to the trust anchor. `revoked`: a CRL has it.
 * - `arns`: the ARNs do not go together. `trust-anchor`, `profile`: not there, or disabled. `trust-anchor-disabled`,
 *   `profile-disabled`, `profile-empty`, `role-not-in-profile`: what is known of them says so.
 * - `session-name`, `duration`, `packed-size`, `parameter`: something that was asked for.
 * - `trust-policy`: the role's trust policy, or whatever else keeps the role from being assumed.
 * - `credentials`: of STS, those before the hop. `region`: it is not enabled, or the endpoint is of another one than the
 *   request was signed for.
 *
 * @example
 * ```ts
 * import { RolesAnywhereError, type RefusalName } from 'roles-anywhere';
 *
 * const ofTheMachine: readonly (RefusalName | undefined)[] = ['clock', 'key', 'request'];
 * export const isOurs = (error: unknown): boolean =>
 *   error instanceof RolesAnywhereError && ofTheMachine.includes(error.causeName);
 * ```
 */
export type RefusalName =
  | 'clock'
  | 'key'
  | 'request'
  | 'certificate'
  | 'path'
  | 'revoked'
  | 'arns'
  | 'trust-anchor'
  | 'trust-anchor-disabled'
  | 'profile'
  | 'profile-disabled'
  | 'profile-empty'
  | 'role-not-in-profile'
  | 'session-name'
  | 'duration'
  | 'packed-size'
  | 'parameter'
  | 'trust-policy'
  | 'credentials'
  | 'region'
  | 'unknown';
