import { RolesAnywhereError, type ErrorCode } from './errors.ts';

/**
 * What a failure asks for: `transient` may be over soon; `lasting` is over when somebody has changed something;
 * `secret` must not be tried again by a machine, for each wrong PIN or password brings a token or TPM closer to being
 * locked, and each missing one asks a person.
 */
export type FailureKind = 'transient' | 'lasting' | 'secret';

const kinds: ReadonlyMap<ErrorCode, FailureKind> = new Map<ErrorCode, FailureKind>([
  ['NETWORK_UNREACHABLE', 'transient'],
  ['NETWORK_TIMEOUT', 'transient'],
  ['NETWORK_PROXY', 'transient'],
  ['NETWORK_TLS', 'transient'],
  ['SERVICE_THROTTLED', 'transient'],
  ['SERVICE_UNAVAILABLE', 'transient'],
  ['PKCS11_NO_TOKEN', 'transient'],
  ['TPM_UNREACHABLE', 'transient'],
  ['TPM_BUSY', 'transient'],
  ['PASSWORD_WRONG', 'secret'],
  ['PASSWORD_MISSING', 'secret'],
  ['PIN_WRONG', 'secret'],
  ['PIN_MISSING', 'secret'],
  ['PIN_LOCKED', 'secret'],
  ['TPM_PASSWORD_WRONG', 'secret'],
  ['TPM_LOCKED_OUT', 'secret'],
]);

export function failureKind(error: unknown): FailureKind {
  return error instanceof RolesAnywhereError ? (kinds.get(error.code) ?? 'lasting') : 'lasting';
}
