import { describeError } from '../../core/describe-error.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { failureKind } from '../../core/error-facts.ts';

/** A target and why it did not serve. */
export interface FailedTarget {
  readonly name: string;
  readonly error: unknown;
}

/**
 * One error for all targets that failed: a defect before a refusal, as somebody must mend these; then what may be over
 * soon; and last what must not be tried again, as long as there is something that may.
 *
 * @returns its message with the name of its target, the other messages as hints, and all errors below it
 */
export function mostTelling(failed: readonly FailedTarget[]): unknown {
  const [first] = failed;
  if (first === undefined) return new TypeError('there is no target');
  const { name, error } = failed.reduce((best, other) => (rank(other.error) < rank(best.error) ? other : best), first);
  if (failed.length === 1 || !(error instanceof RolesAnywhereError)) return error;
  const others = failed.filter((other) => other.error !== error);
  return new RolesAnywhereError(error.code, `${name}: ${error.message}`, {
    cause: new AggregateError(failed.map((each) => each.error)),
    hints: [
      ...error.hints,
      ...others.map((other) => `${other.name} did not serve either: ${describeError(other.error).message}`),
    ],
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
  });
}

const ranks = { lasting: 1, transient: 2, secret: 3 } as const;

function rank(error: unknown): number {
  return error instanceof RolesAnywhereError ? ranks[failureKind(error)] : 0;
}
