import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';
import type { ServeLog } from './serve-log.ts';

/** Milliseconds in which a reason to turn requests away is told once: whoever sends many must not fill the disk. */
const pause = 10_000;

export interface RequestLogOptions {
  readonly log: ServeLog;
  readonly monotonic: () => number;
  /** Whether every request is told, not only those that were turned away. */
  readonly everything: boolean;
}

/** Tells of requests: method, route and status, nothing else that came from outside. */
export function requestLog(
  options: RequestLogOptions,
): (request: Pick<IncomingMessage, 'method'>, answer: Answer) => void {
  const { log, monotonic, everything } = options;
  const told = new Map<string, { at: number; unsaid: number }>();
  return ({ method }, { route, status, reason }) => {
    if (everything) log('debug', 'request', { method, route, status, reason });
    if (reason === undefined) return;
    const last = told.get(reason);
    const at = monotonic();
    if (last !== undefined && at - last.at < pause) {
      last.unsaid += 1;
      return;
    }
    told.set(reason, { at, unsaid: 0 });
    log('warn', `request turned away: ${reason}`, { route, status, 'others-since': last?.unsaid });
  };
}
