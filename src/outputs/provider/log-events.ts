import { describeError } from '../../core/describe-error.ts';
import type { FailoverEvent } from '../../pipeline/failover/failover.ts';
import type { RefreshEvent } from '../../pipeline/refresh/refresher.ts';

export type Say = (level: 'debug' | 'warn', message: string) => void;

/** A failure that nobody else tells of is a warning: who waits for credentials gets it as an error anyway. */
export function logRefresh(event: RefreshEvent, say: Say): void {
  if (event.kind === 'renewed') {
    const { expiration, target } = event.credentials;
    say('debug', `credentials${from(target)} until ${expiration.toISOString()}, after ${seconds(event.elapsedMs)}`);
  } else if (event.kind === 'failed') {
    const next = `the next attempt is in ${seconds(event.retryInMs)} at the earliest`;
    if (event.isHeld)
      say('warn', `cannot renew the credentials, which still work: ${describeError(event.error).message}; ${next}`);
    else say('debug', `no credentials: ${describeError(event.error).message}; ${next}`);
  } else {
    say('debug', `the clock was set, or the machine slept: ${seconds(event.jumpedMs)}`);
  }
}

export function logFailover(event: FailoverEvent, say: Say): void {
  if (event.kind === 'target-failed') {
    const rest = `it is left alone for ${seconds(event.restsForMs)}`;
    say('warn', `no credentials from ${event.target}: ${describeError(event.error).message}; ${rest}`);
  } else {
    say('debug', `credentials from ${event.target}`);
  }
}

function from(target: string | undefined): string {
  return target === undefined ? '' : ` from ${target}`;
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
