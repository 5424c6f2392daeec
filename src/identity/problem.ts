import { RolesAnywhereError, type ErrorCode, type ErrorDetails } from '../core/errors.ts';
import type { KeySource, SecretSource } from './identity.ts';

/** Carried by every instance; the command's files are bundled apart, so each may hold a copy of this class. */
const brand = Symbol.for('roles-anywhere.problem');

/**
 * What is wrong with some bytes, as the end of a sentence ("holds no certificate"), told by code that does not know
 * where they came from. `naming` puts option and location in front and makes a RolesAnywhereError of it.
 */
export class Problem extends Error {
  /** Undefined: the code that `naming` was given. */
  readonly code: ErrorCode | undefined;
  readonly details: ErrorDetails;
  readonly [brand] = true;

  constructor(message: string, code?: ErrorCode, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  static override [Symbol.hasInstance](value: unknown): value is Problem {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/**
 * Runs `read`; a Problem comes out as an error that says where the bytes came from.
 *
 * @param from a source, or what messages call it
 * @param code for problems that have none of their own
 */
export async function naming<T>(
  from: string | KeySource | SecretSource,
  code: ErrorCode,
  read: () => T | Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const location = typeof from === 'string' ? from : (await import('./backends/sources.ts')).locationOf(from);
    throw new RolesAnywhereError(error.code ?? code, `${location} ${error.message}`, error.details);
  }
}
