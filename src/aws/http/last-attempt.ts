import { RolesAnywhereError } from '../../core/errors.ts';

/** The error of the last of several attempts, which says that there were others. */
export function lastAttempt(error: RolesAnywhereError, attempts: number): RolesAnywhereError {
  return new RolesAnywhereError(error.code, `${error.message}, at the last of ${attempts} attempts`, {
    cause: error.cause,
    hints: error.hints,
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
  });
}
