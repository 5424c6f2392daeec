/**
 * Every code of an error, and what follows from it. docs/errors.md says the same to users; a test holds the two equal.
 */
import type { ErrorCode } from './error-code.ts';

/**
 * 1: a defect of ours. 2: usage or configuration. 3: certificate, chain, key or password. 4: refused by the service,
 * or its answer cannot be used. 5: network, throttling, 5xx, time-out. 6: a local file, port or lock.
 */
type ExitStatus = 1 | 2 | 3 | 4 | 5 | 6;

/** What follows from an error. */
export interface ErrorFacts {
  /** Tells a program that called the command what kind of failure it was. */
  readonly exit: ExitStatus;
  /**
   * `transient` may be over soon; `lasting` is over when somebody has changed something; `secret` must not be tried
   * again by a machine, for each wrong PIN or password brings a token or TPM closer to being locked, and each missing
   * one asks a person.
   */
  readonly kind: 'transient' | 'lasting' | 'secret';
  /** Whether the request is sent again within the call: its other transient errors take longer to be over. */
  readonly retried: boolean;
  /** Whether a chain of credential providers goes on: nothing was configured, or nothing could be reached. */
  readonly nextLink: boolean;
  /** Whether the next target of a failover may be tried, or only where a refusal is to be passed over too. */
  readonly nextTarget: 'always' | 'on-refusal' | 'never';
  /** Whether a new session with the token or TPM may mend it. */
  readonly reopened: boolean;
  /** Whether certificate and key that are open already must not be used any more: they were taken away. */
  readonly withdrawn: boolean;
}

const defect = {
  exit: 1,
  kind: 'lasting',
  retried: false,
  nextLink: false,
  nextTarget: 'never',
  reopened: false,
  withdrawn: false,
} as const satisfies ErrorFacts;

const configuration = { ...defect, exit: 2 } as const;

/** Certificate and key of the next target may be others. */
const identity = { ...defect, exit: 3, nextTarget: 'on-refusal' } as const;

const answer = { ...defect, exit: 4, nextTarget: 'on-refusal' } as const;

/** TLS is among it: the next target is verified no less, and may be reached by another way. */
const network = { ...defect, exit: 5, kind: 'transient', nextTarget: 'always' } as const;

const local = { ...defect, exit: 6 } as const;

export const errorTable = {
  INTERNAL: defect,

  NOT_CONFIGURED: { ...configuration, nextLink: true },
  OPTION_UNKNOWN: configuration,
  OPTION_MISSING: configuration,
  OPTION_INVALID: configuration,
  OPTION_CONFLICT: configuration,
  OPTION_MISPLACED: configuration,
  OPTION_LINE_BREAK: configuration,
  ARN_INVALID: configuration,
  ARN_MISMATCH: configuration,
  ENDPOINT_INVALID: configuration,
  CONFIG_INVALID: configuration,
  CONFIG_PROFILE: configuration,

  CERTIFICATE_UNREADABLE: identity,
  CERTIFICATE_INVALID: identity,
  CERTIFICATE_VERSION: identity,
  CERTIFICATE_IS_CA: identity,
  CERTIFICATE_KEY_USAGE: identity,
  CERTIFICATE_HASH_WEAK: identity,
  CERTIFICATE_EXPIRED: identity,
  CERTIFICATE_NOT_YET_VALID: identity,
  CERTIFICATE_KEY_UNSUPPORTED: identity,
  CHAIN_UNREADABLE: identity,
  CHAIN_INVALID: identity,
  CHAIN_TOO_LONG: identity,
  KEY_UNREADABLE: identity,
  KEY_INVALID: identity,
  KEY_UNSUPPORTED: identity,
  KEY_MISMATCH: identity,
  PASSWORD_MISSING: { ...identity, kind: 'secret' },
  PASSWORD_WRONG: { ...identity, kind: 'secret' },
  PASSWORD_UNREADABLE: identity,
  SIGNATURE_INVALID: { ...identity, reopened: true },

  PKCS11_NOT_INSTALLED: identity,
  PKCS11_MODULE: { ...identity, reopened: true },
  PKCS11_NO_TOKEN: { ...identity, kind: 'transient', reopened: true },
  PKCS11_AMBIGUOUS: identity,
  PKCS11_NOT_FOUND: { ...identity, reopened: true },
  PKCS11_FAILED: { ...identity, reopened: true },
  PIN_MISSING: { ...identity, kind: 'secret' },
  PIN_WRONG: { ...identity, kind: 'secret' },
  PIN_LOCKED: { ...identity, kind: 'secret' },

  TPM_UNREACHABLE: { ...identity, kind: 'transient', reopened: true },
  TPM_BUSY: { ...identity, kind: 'transient' },
  TPM_KEY_INVALID: identity,
  TPM_KEY_UNSUPPORTED: identity,
  TPM_PASSWORD_WRONG: { ...identity, kind: 'secret' },
  TPM_LOCKED_OUT: { ...identity, kind: 'secret' },
  TPM_POLICY_UNSUPPORTED: identity,
  TPM_POLICY_FAILED: identity,
  TPM_FAILED: { ...identity, reopened: true },

  SSH_AGENT_UNREACHABLE: { ...identity, kind: 'transient', reopened: true },
  SSH_AGENT_LOCKED: { ...identity, kind: 'transient' },
  SSH_AGENT_KEY_NOT_FOUND: { ...identity, reopened: true },
  SSH_AGENT_KEY_UNSUPPORTED: identity,
  SSH_AGENT_REFUSED: { ...identity, kind: 'secret' },
  SSH_AGENT_FAILED: { ...identity, reopened: true },
  STORE_UNAVAILABLE: identity,
  STORE_NOT_FOUND: { ...identity, reopened: true },
  STORE_AMBIGUOUS: identity,
  STORE_LOCKED: { ...identity, kind: 'transient', reopened: true },
  STORE_REFUSED: { ...identity, kind: 'secret' },

  SPIFFE_UNREACHABLE: { ...identity, kind: 'transient' },
  SPIFFE_DENIED: { ...identity, kind: 'transient', withdrawn: true },
  SPIFFE_NOT_FOUND: { ...identity, kind: 'transient', withdrawn: true },
  SPIFFE_AMBIGUOUS: identity,
  SPIFFE_FAILED: identity,

  SIGNER_FAILED: identity,
  SIGNER_TIMEOUT: { ...identity, kind: 'transient' },
  SIGNER_REFUSED: identity,

  REFUSED_UNTRUSTED: answer,
  REFUSED_CERTIFICATE: answer,
  REFUSED_SIGNATURE: answer,
  REFUSED_TRUST_ANCHOR: answer,
  REFUSED_PROFILE: answer,
  REFUSED_ROLE_NOT_IN_PROFILE: answer,
  REFUSED_SESSION_NAME: answer,
  REFUSED_REVOKED: answer,
  REFUSED_ROLE: answer,
  REFUSED_DURATION: answer,
  REFUSED_VALIDATION: answer,
  REFUSED_OTHER: answer,
  REFUSED_ASSUME_ROLE: answer,
  RESPONSE_INVALID: answer,
  RESPONSE_EMPTY: answer,
  RESPONSE_EXPIRED: answer,
  RESPONSE_OTHER_ROLE: answer,
  RESPONSE_TOO_LARGE: answer,
  RESPONSE_REDIRECT: answer,

  NETWORK_UNREACHABLE: { ...network, retried: true, nextLink: true },
  NETWORK_TLS: network,
  NETWORK_TIMEOUT: { ...network, retried: true, nextLink: true },
  NETWORK_PROXY: network,
  SERVICE_THROTTLED: { ...network, retried: true, nextLink: true },
  SERVICE_UNAVAILABLE: { ...network, retried: true, nextLink: true },

  FILE_FAILED: local,
  FILE_UNSAFE: local,
  FILE_LOCKED: local,
  PORT_UNAVAILABLE: local,
  PROGRAM_FAILED: local,
  OUTPUT_FAILED: local,
  PACKAGE_UNREADABLE: { ...local, kind: 'transient' },
} as const satisfies Record<ErrorCode, ErrorFacts>;

/**
 * The codes of which `Facts` are true. What every call loads has a list of these and not the table; its type is this,
 * so that a list with a code too many or too few does not compile.
 */
export type CodeWith<Facts extends Partial<ErrorFacts>> = {
  [Code in ErrorCode]: (typeof errorTable)[Code] extends Facts ? Code : never;
}[ErrorCode];
