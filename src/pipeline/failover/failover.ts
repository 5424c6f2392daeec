import type { Credentials, CredentialSource } from '../../core/credentials.ts';
import { factsOf } from '../../core/error-facts.ts';
import { type FailedTarget, mostTelling } from './most-telling.ts';
import { TargetHealth } from './target-health.ts';

/** One way to the credentials: a trust anchor, a profile, a region. */
export interface FailoverTarget {
  /** What logs, metrics and `Credentials.target` call it. */
  readonly name: string;
  readonly obtain: CredentialSource;
}

export type FailoverEvent =
  | { readonly kind: 'target-failed'; readonly target: string; readonly error: unknown; readonly restsForMs: number }
  | { readonly kind: 'target-served'; readonly target: string; readonly credentials: Credentials };

export interface FailoverOptions {
  /** Goes on to the next target also after a refusal, or where the certificate or key of a target cannot be used. */
  readonly onRefusal: boolean;
  /** Milliseconds since some moment. */
  readonly monotonic: () => number;
  /** From 0 up to, not including, 1: spreads the rests. */
  readonly random: () => number;
  readonly onEvent?: ((event: FailoverEvent) => void) | undefined;
}

/**
 * Takes the first target that serves, and lets one that did not rest for a while: the others go first then. When its
 * rest is over, one call finds out whether it serves again.
 *
 * @returns a source that throws, where no target serves, the most telling of the errors
 */
export function failover(targets: readonly FailoverTarget[], options: FailoverOptions): CredentialSource {
  const candidates = targets.map((target) => ({ target, health: new TargetHealth(options) }));
  return async () => {
    const failed: FailedTarget[] = [];
    for (const candidate of inOrder(candidates)) {
      const { name } = candidate.target;
      const trial = candidate.health.begin();
      try {
        const credentials = { ...(await candidate.target.obtain()), target: name };
        trial.succeeded();
        tell(options, { kind: 'target-served', target: name, credentials });
        return credentials;
      } catch (error) {
        failed.push({ name, error });
        const goesOn = trial.isProbe || isPassedOn(error, options.onRefusal);
        const restsForMs = trial.failed(goesOn);
        tell(options, { kind: 'target-failed', target: name, error, restsForMs });
        if (!goesOn) break;
      }
    }
    throw mostTelling(failed);
  };
}

/** What a plan says of its targets; each request is the caller's own. */
export interface FailoverPlan<Request> {
  readonly targets: readonly { readonly name: string; readonly request: Request }[];
  readonly failoverOnRefusal: boolean;
}

/** The same for a process that asks once: no target rests yet. */
export function failoverOnce<Request>(
  { targets, failoverOnRefusal: onRefusal }: FailoverPlan<Request>,
  obtain: (request: Request, index: number) => Promise<Credentials>,
  random: () => number,
): Promise<Credentials> {
  const candidates = targets.map(({ name, request }, index) => ({ name, obtain: () => obtain(request, index) }));
  return failover(candidates, { onRefusal, monotonic: () => 0, random })();
}

interface Candidate {
  readonly target: FailoverTarget;
  readonly health: TargetHealth;
}

/** As they were given; but those that rest come last, first the one that has rested longest. */
function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
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
function tell({ onEvent }: FailoverOptions, event: FailoverEvent): void {
  try {
    onEvent?.(event);
  } catch {
    // It is the observer's own.
  }
}
