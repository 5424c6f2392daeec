import type { Trace, TraceEvent } from '../../aws/create-session/trace.ts';

/** Milliseconds until somebody at a terminal wonders what is going on. */
const patience = 5000;

/** What a wait is for, as far as the events have told. */
interface Waiting {
  host: string;
  /** Whether CreateSession has answered: what follows are the roles behind it, whose events tell less. */
  hasSession: boolean;
  lastFailure: string;
}

/**
 * Says what is waited for once that takes longer than five seconds: an answer, or the next attempt. Never while a key is
 * opened, as somebody may be typing a password.
 *
 * @param trace is told of every event too
 */
export function tellWaits(warn: (message: string) => void, trace?: Trace): Trace {
  const state: Waiting = { host: 'the service', hasSession: false, lastFailure: '' };
  let timer: NodeJS.Timeout | undefined;
  return (event) => {
    trace?.(event);
    clearTimeout(timer);
    note(state, event);
    if (event.kind === 'waiting' && event.delayMs > patience) {
      warn(`the next attempt is in ${Math.round(event.delayMs / 1000)} s: ${state.lastFailure}`);
    }
    const delay = untilWaited(state, event);
    if (delay === undefined) return;
    timer = setTimeout(() => warn(`no answer from ${state.host} yet, still waiting`), delay);
    timer.unref();
  };
}

function note(state: Waiting, event: TraceEvent): void {
  if (event.kind === 'endpoint') {
    state.host = new URL(event.url).host + (event.proxy === undefined ? '' : ` through the proxy ${event.proxy}`);
  }
  if (event.kind === 'answered') state.hasSession = true;
  if (event.kind === 'failed') state.lastFailure = event.message;
}

/** Milliseconds from an event after which a request has been under way for too long; undefined where there is none. */
function untilWaited({ hasSession }: Waiting, event: TraceEvent): number | undefined {
  if (event.kind === 'signed') return patience;
  if (!hasSession) return undefined;
  if (event.kind === 'endpoint') return patience;
  return event.kind === 'waiting' ? event.delayMs + patience : undefined;
}
