import { RolesAnywhereError, type ErrorCode, type ErrorDetails } from '../core/errors.ts';
import type { KeySource, SecretSource } from './identity.ts';

/** Carried by every instance; the command's files are bundled apart, so each may hold a copy of this class. */
const brand = Symbol.for('roles-anywhere.problem');

/**
 * What is wrong with some bytes, as the end of a sentence ("holds no certificate"), told by code that does not know
 * where they came from. `naming` puts option and place in front and makes a RolesAnywhereError of it.
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
 * @param from a source, or what messages call the place
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
    const place = typeof from === 'string' ? from : (await import('./backends/sources.ts')).placeOf(from);
    throw new RolesAnywhereError(error.code ?? code, `${place} ${error.message}`, error.details);
  }
}

/** Whether two sources are the same bytes, so that what can be read only once is read only once. */
export function isSameSource(one: KeySource, other: KeySource): boolean {
  if (one === other) return true;
  return one.kind === other.kind && one.kind !== 'bytes' && locationOf(one) === locationOf(other);
}

function locationOf(source: KeySource): string | number | undefined {
  if (source.kind === 'file') return source.path;
  if (source.kind === 'env') return source.name;
  if (source.kind === 'fd') return source.fd;
  if (source.kind === 'pkcs11') return source.uri;
  return source.kind === 'tpm-handle' ? source.handle : undefined;
}
