import { RolesAnywhereError } from '../../src/core/errors.ts';

/** What a call gives, or the RolesAnywhereError that it throws; anything else it throws fails the test. */
export function outcomeOf<T>(call: () => T): T | RolesAnywhereError {
  try {
    return call();
  } catch (error) {
    if (error instanceof RolesAnywhereError) return error;
    throw error;
  }
}

/** The RolesAnywhereError that a call throws; anything else it throws, or nothing, fails the test. */
export function thrownBy(call: () => unknown): RolesAnywhereError {
  const outcome = outcomeOf(call);
  if (outcome instanceof RolesAnywhereError) return outcome;
  throw new Error('nothing was thrown');
}

/** The RolesAnywhereError that a promise rejects with; anything else it rejects with, or nothing, fails the test. */
export async function rejectionOf(promise: Promise<unknown>): Promise<RolesAnywhereError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RolesAnywhereError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
