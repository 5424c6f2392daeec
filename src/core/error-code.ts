/** The codes of errors, by what they are about; `error-table.ts` has what follows from each. */

/** What was asked for cannot be understood: an option, an ARN, a configuration file. */
type OptionErrorCode =
  | 'NOT_CONFIGURED'
  | 'OPTION_UNKNOWN'
  | 'OPTION_MISSING'
  | 'OPTION_INVALID'
  | 'OPTION_CONFLICT'
  | 'OPTION_MISPLACED'
  | 'OPTION_LINE_BREAK'
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

/** An agent of the SSH agent protocol cannot be used, or not with this key. */
type SshAgentErrorCode =
  | 'SSH_AGENT_UNREACHABLE'
  | 'SSH_AGENT_LOCKED'
  | 'SSH_AGENT_KEY_NOT_FOUND'
  | 'SSH_AGENT_KEY_UNSUPPORTED'
  | 'SSH_AGENT_REFUSED'
  | 'SSH_AGENT_FAILED';

/** A store of certificates of the operating system cannot be used, or has no such certificate. */
type StoreErrorCode = 'STORE_UNAVAILABLE' | 'STORE_NOT_FOUND' | 'STORE_AMBIGUOUS' | 'STORE_LOCKED' | 'STORE_REFUSED';

/** SPIFFE's Workload API gives this process no X.509-SVID, or not the one that is meant. */
type SpiffeErrorCode =
  | 'SPIFFE_UNREACHABLE'
  | 'SPIFFE_DENIED'
  | 'SPIFFE_NOT_FOUND'
  | 'SPIFFE_AMBIGUOUS'
  | 'SPIFFE_FAILED';

/** A program that signs does not. */
type SignerErrorCode = 'SIGNER_FAILED' | 'SIGNER_TIMEOUT' | 'SIGNER_REFUSED';

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
  | 'OUTPUT_FAILED'
  | 'PACKAGE_UNREADABLE';

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
  | SshAgentErrorCode
  | StoreErrorCode
  | SpiffeErrorCode
  | SignerErrorCode
  | ServiceErrorCode
  | NetworkErrorCode
  | LocalErrorCode
  | 'INTERNAL';
