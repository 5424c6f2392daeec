import type { ErrorCode } from './error-code.ts';
import type { CodeWith } from './error-table.ts';
import type { RefusalName } from './refusal-name.ts';

export type { ErrorCode } from './error-code.ts';

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
  /** Why a service refused, where it did. */
  readonly causeName?: RefusalName | undefined;
}

/** Carried by every instance; the command's files are bundled apart, so each may hold a copy of this class. */
const brand = Symbol.for('roles-anywhere.error');

/** Of the table of errors, what each error needs to know of itself. */
const nextLink: Record<CodeWith<{ nextLink: true }>, true> = {
  NOT_CONFIGURED: true,
  NETWORK_UNREACHABLE: true,
  NETWORK_TIMEOUT: true,
  SERVICE_THROTTLED: true,
  SERVICE_UNAVAILABLE: true,
};

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
  // Set by the constructor; to declare them again at run time would be bytes that every call reads.
  declare readonly code: ErrorCode;
  declare readonly hints: readonly string[];
  declare readonly requestId: string | undefined;
  /** Of REFUSED_* codes: the likeliest cause, by the name that `serve` logs and counts, and `doctor` tells (docs/doctor.md). */
  declare readonly causeName: RefusalName | undefined;
  /** Read by `chain()` of `@aws-sdk/credential-providers`. */
  declare readonly tryNextLink: boolean;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hints = details.hints ?? [];
    this.requestId = details.requestId;
    this.causeName = details.causeName;
    this.tryNextLink = code in nextLink;
  }

  static override [Symbol.hasInstance](value: unknown): value is RolesAnywhereError {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
