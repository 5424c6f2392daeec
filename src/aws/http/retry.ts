import type { CodeWith } from '../../core/error-table.ts';
import { RolesAnywhereError } from '../../core/errors.ts';

/** What one attempt came to. What cannot get better by waiting is thrown instead. */
export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | {
      readonly kind: 'transient';
      readonly error: RolesAnywhereError;
      /** Milliseconds that the service asked for. */
      readonly retryAfter?: number | undefined;
    };

export interface RetryContext {
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Told before each wait. */
  readonly onWait?: (attempt: number, milliseconds: number) => void;
}

/** Milliseconds: the numbers of AWS's SDKs, whose "standard" mode the official helper follows. */
const firstDelay = 100;
const firstDelayThrottled = 500;
const longestDelay = 20_000;

/** Of the table of errors: a certificate that is not trusted, or a refusal, will not change. */
const retried: Record<CodeWith<{ retried: true }>, true> = {
  NETWORK_UNREACHABLE: true,
  NETWORK_TIMEOUT: true,
  SERVICE_THROTTLED: true,
  SERVICE_UNAVAILABLE: true,
};

export function isTransient(error: unknown): error is RolesAnywhereError {
  return error instanceof RolesAnywhereError && error.code in retried;
}

/**
 * Tries up to `attempts` times, waiting with full jitter in between.
 *
 * @param tryOnce is told the number of the attempt, from 1
 * @throws the error of the last attempt, or what an attempt threw
 */
export async function retry<T>(
  attempts: number,
  tryOnce: (attempt: number) => Promise<Outcome<T>>,
  context: RetryContext,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(attempt);
    if (outcome.kind === 'done') return outcome.value;
    // Not "attempt >= attempts": nothing is greater than a number that a caller of the library left out.
    if (!(attempt < attempts)) {
      throw attempt === 1 ? outcome.error : (await import('./network-error.ts')).lastAttempt(outcome.error, attempt);
    }
    const delay = delayAfter(attempt, outcome, context.random);
    context.onWait?.(attempt, delay);
    await context.sleep(delay);
  }
}

/** Anywhere between nothing and the doubled bound, but no less than the service asked for, and never above the cap. */
function delayAfter(attempt: number, outcome: Outcome<unknown> & { kind: 'transient' }, random: () => number): number {
  const first = outcome.error.code === 'SERVICE_THROTTLED' ? firstDelayThrottled : firstDelay;
  const jittered = random() * Math.min(longestDelay, first * 2 ** (attempt - 1));
  return Math.round(Math.min(longestDelay, Math.max(jittered, outcome.retryAfter ?? 0)));
}
