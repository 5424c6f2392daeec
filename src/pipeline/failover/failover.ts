import type { Credentials } from '../../core/credentials.ts';
import { describeError } from '../../core/describe-error.ts';
import { factsOf, failureKind } from '../../core/error-facts.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { TargetHealth } from './target-health.ts';

export type FailoverEvent =
  | { readonly kind: 'target-failed'; readonly target: string; readonly error: unknown; readonly restsForMs: number }
  | { readonly kind: 'target-served'; readonly target: string; readonly credentials: Credentials };

/** Targets in the order in which to try them, each with the name that logs, metrics and `Credentials.target` call it. */
export interface FailoverPlan<Target extends { readonly name: string }> {
  readonly targets: readonly Target[];
  /** Goes on to the next target also after a refusal, or where the certificate or key of a target cannot be used. */
  readonly failoverOnRefusal: boolean;
}

/** What failover needs of the world around it, and who is told. */
export interface FailoverContext {
  readonly now: () => Date;
  /** From 0 up to, not including, 1: spreads the rests. */
  readonly random: () => number;
  /** Aborts when nobody wants the credentials any more or, with a RolesAnywhereError, when they took too long. */
  readonly signal?: AbortSignal | undefined;
  readonly onFailover?: ((event: FailoverEvent) => void) | undefined;
}

/**
 * Takes the first target that serves, and lets one that did not rest for a while: the others go first then. When its
 * rest is over, one call finds out whether it serves again. One that was called off says nothing of its target.
 *
 * @param known whether each target serves, by who calls more than once; else no target rests yet
 * @throws where no target serves, the most telling of the errors; when it was called off, what that target threw
 */
export async function failover<Target extends { readonly name: string }>(
  { targets, failoverOnRefusal }: FailoverPlan<Target>,
  obtain: (target: Target, at: number) => Promise<Credentials>,
  context: FailoverContext,
  known: { readonly health?: readonly TargetHealth[] } = {},
): Promise<Credentials> {
  const { now, random, signal } = context;
  const unknown = (): TargetHealth => new TargetHealth({ monotonic: () => now().getTime(), random });
  const candidates = targets.map((target, at) => ({ target, at, health: known.health?.[at] ?? unknown() }));
  const failed: FailedTarget[] = [];
  for (const { target, at, health } of inOrder(candidates)) {
    const { name } = target;
    const trial = health.begin();
    try {
      const credentials = { ...(await obtain(target, at)), target: name };
      trial.succeeded();
      tell(context, { kind: 'target-served', target: name, credentials });
      return credentials;
    } catch (error) {
      if (isCalledOff(signal)) {
        trial.failed(false);
        throw error;
      }
      failed.push({ name, error });
      const goesOn = trial.isProbe || isPassedOn(error, failoverOnRefusal);
      const restsForMs = trial.failed(goesOn);
      tell(context, { kind: 'target-failed', target: name, error, restsForMs });
      if (!goesOn || signal?.aborted === true) break;
    }
  }
  throw mostTelling(failed);
}

/** Not by what took too long: that is a failure of the target that was being asked. */
function isCalledOff(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && !(signal.reason instanceof RolesAnywhereError);
}

/** As they were given; but those that rest come last, first the one that has rested longest. */
function inOrder<Candidate extends { readonly health: TargetHealth }>(candidates: readonly Candidate[]): Candidate[] {
  const isResting = ({ health }: Candidate): boolean => health.isResting();
  const resting = candidates.filter(isResting).sort((one, other) => one.health.restsUntil - other.health.restsUntil);
  return [...candidates.filter((candidate) => !isResting(candidate)), ...resting];
}

/** Where nothing answers, or asks to be left alone, another target may; elsewhere only if that was asked for. */
function isPassedOn(error: unknown, onRefusal: boolean): boolean {
  const { nextTarget } = factsOf(error);
  return nextTarget === 'always' || (onRefusal && nextTarget === 'on-refusal');
}

/** An observer that throws must not turn a success into a failure. */
function tell({ onFailover }: FailoverContext, event: FailoverEvent): void {
  try {
    onFailover?.(event);
  } catch {
    // It is the observer's own.
  }
}

/** A target and why it did not serve. */
interface FailedTarget {
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
    causeName: error.causeName,
  });
}

const ranks = { lasting: 1, transient: 2, secret: 3 } as const;

function rank(error: unknown): number {
  return error instanceof RolesAnywhereError ? ranks[failureKind(error)] : 0;
}
