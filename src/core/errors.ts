/**
 * Every error this package throws on purpose. docs/errors.md explains each code; a test holds the two lists equal.
 */

/** What was asked for cannot be understood: an option, an ARN, a configuration file. */
type OptionErrorCode =
  | 'NOT_CONFIGURED'
  | 'OPTION_UNKNOWN'
  | 'OPTION_MISSING'
  | 'OPTION_INVALID'
  | 'OPTION_CONFLICT'
  | 'OPTION_MISPLACED'
  | 'OPTION_LINE_BREAK'
  | 'OPTION_NOT_BUILT'
  | 'ARN_INVALID'
  | 'ARN_MISMATCH'
  | 'ENDPOINT_INVALID'
  | 'CONFIG_INVALID'
  | 'CONFIG_PROFILE';

/** The certificate, its chain, the key or a password cannot be used. */
type IdentityErrorCode =
  | 'CERTIFICATE_UNREADABLE'
  | 'CERTIFICATE_INVALID'
  | 'CERTIFICATE_VERSION'
  | 'CERTIFICATE_IS_CA'
  | 'CERTIFICATE_KEY_USAGE'
  | 'CERTIFICATE_HASH_WEAK'
  | 'CERTIFICATE_EXPIRED'
  | 'CERTIFICATE_NOT_YET_VALID'
  | 'CERTIFICATE_KEY_UNSUPPORTED'
  | 'CHAIN_UNREADABLE'
  | 'CHAIN_INVALID'
  | 'CHAIN_TOO_LONG'
  | 'KEY_UNREADABLE'
  | 'KEY_INVALID'
  | 'KEY_UNSUPPORTED'
  | 'KEY_MISMATCH'
  | 'PASSWORD_MISSING'
  | 'PASSWORD_WRONG'
  | 'PASSWORD_UNREADABLE'
  | 'SIGNATURE_INVALID';

/** A PKCS#11 module, a token or its PIN. */
type Pkcs11ErrorCode =
  | 'PKCS11_NOT_INSTALLED'
  | 'PKCS11_MODULE'
  | 'PKCS11_NO_TOKEN'
  | 'PKCS11_AMBIGUOUS'
  | 'PKCS11_NOT_FOUND'
  | 'PKCS11_FAILED'
  | 'PIN_MISSING'
  | 'PIN_WRONG'
  | 'PIN_LOCKED';

/** The TPM cannot be used, or not with this key. */
type TpmErrorCode =
  | 'TPM_UNREACHABLE'
  | 'TPM_BUSY'
  | 'TPM_KEY_INVALID'
  | 'TPM_KEY_UNSUPPORTED'
  | 'TPM_PASSWORD_WRONG'
  | 'TPM_LOCKED_OUT'
  | 'TPM_POLICY_UNSUPPORTED'
  | 'TPM_POLICY_FAILED'
  | 'TPM_FAILED';

/** The service refused, or what it answered cannot be used. */
type ServiceErrorCode =
  | 'REFUSED_UNTRUSTED'
  | 'REFUSED_CERTIFICATE'
  | 'REFUSED_SIGNATURE'
  | 'REFUSED_TRUST_ANCHOR'
  | 'REFUSED_PROFILE'
  | 'REFUSED_ROLE_NOT_IN_PROFILE'
  | 'REFUSED_SESSION_NAME'
  | 'REFUSED_REVOKED'
  | 'REFUSED_ROLE'
  | 'REFUSED_DURATION'
  | 'REFUSED_VALIDATION'
  | 'REFUSED_OTHER'
  | 'REFUSED_ASSUME_ROLE'
  | 'RESPONSE_INVALID'
  | 'RESPONSE_EMPTY'
  | 'RESPONSE_EXPIRED'
  | 'RESPONSE_OTHER_ROLE'
  | 'RESPONSE_TOO_LARGE'
  | 'RESPONSE_REDIRECT';

/** The service could not be reached, or asked to be left alone, until the attempts ran out. */
type NetworkErrorCode =
  | 'NETWORK_UNREACHABLE'
  | 'NETWORK_TLS'
  | 'NETWORK_TIMEOUT'
  | 'NETWORK_PROXY'
  | 'SERVICE_THROTTLED'
  | 'SERVICE_UNAVAILABLE';

/** Something of this machine: a file that is no key material, a port, the output. */
type LocalErrorCode =
  | 'FILE_FAILED'
  | 'FILE_UNSAFE'
  | 'FILE_LOCKED'
  | 'PORT_UNAVAILABLE'
  | 'PROGRAM_FAILED'
  | 'OUTPUT_FAILED';

/**
 * The closed union of codes. `INTERNAL` is a defect of this package.
 *
 * @example
 * ```ts
 * import type { ErrorCode } from 'roles-anywhere';
 *
 * export const worthAnAlarm: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['CERTIFICATE_EXPIRED', 'REFUSED_REVOKED']);
 * ```
 */
export type ErrorCode =
  | OptionErrorCode
  | IdentityErrorCode
  | Pkcs11ErrorCode
  | TpmErrorCode
  | ServiceErrorCode
  | NetworkErrorCode
  | LocalErrorCode
  | 'INTERNAL';

/**
 * What an error says besides its code and its message.
 *
 * @example
 * ```ts
 * import { type ErrorDetails, RolesAnywhereError } from 'roles-anywhere';
 *
 * const details: ErrorDetails = { hints: ['ask for a new certificate'] };
 * export const error = new RolesAnywhereError('CERTIFICATE_EXPIRED', 'the certificate has expired', details);
 * ```
 */
export interface ErrorDetails {
  /** What was underneath; kept for programs, shown only with `--debug`. */
  readonly cause?: unknown;
  /** What to do about it, one sentence each, lower case, no full stop. */
  readonly hints?: readonly string[];
  /** The service's `x-amzn-requestid`, where an answer was had. */
  readonly requestId?: string;
}

/** Carried by every instance; the command's files are bundled apart, so each may hold a copy of this class. */
const brand = Symbol.for('roles-anywhere.error');

/** With these a provider chain goes on to its next link: nothing was configured, or nothing could be reached. */
const passOn: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_CONFIGURED',
  'NETWORK_UNREACHABLE',
  'NETWORK_TIMEOUT',
  'SERVICE_THROTTLED',
  'SERVICE_UNAVAILABLE',
]);

/**
 * The one error type of this package.
 *
 * The message starts in lower case, names the option or file and what was found there, and never holds a secret.
 *
 * @example
 * ```ts
 * import { RolesAnywhereError } from 'roles-anywhere';
 *
 * export function isExpired(error: unknown): boolean {
 *   return error instanceof RolesAnywhereError && error.code === 'CERTIFICATE_EXPIRED';
 * }
 * ```
 */
export class RolesAnywhereError extends Error {
  /** `CredentialsProviderError` where a provider throws it, for whoever tests for the SDK's error by its name. */
  override readonly name: string = 'RolesAnywhereError';
  readonly code: ErrorCode;
  readonly hints: readonly string[];
  readonly requestId: string | undefined;
  /** Read by `chain()` of `@aws-sdk/credential-providers`. */
  readonly tryNextLink: boolean;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hints = details.hints ?? [];
    this.requestId = details.requestId;
    this.tryNextLink = passOn.has(code);
  }

  static override [Symbol.hasInstance](value: unknown): value is RolesAnywhereError {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
