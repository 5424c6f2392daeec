import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';

/** From much to little. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What goes with a message, by name. Never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Told what happens, in the words of an error message: lower case, no full stop. */
export type ServeLog = (level: LogLevel, message: string, fields?: LogFields) => void;

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
  const reported = new Map<string, { at: number; unsaid: number }>();
  return ({ method }, { route, status, reason }) => {
    if (everything) log('debug', 'request', { method, route, status, reason });
    if (reason === undefined) return;
    const last = reported.get(reason);
    const at = monotonic();
    if (last !== undefined && at - last.at < pause) {
      last.unsaid += 1;
      return;
    }
    reported.set(reason, { at, unsaid: 0 });
    log('warn', `request turned away: ${reason}`, { route, status, 'others-since': last?.unsaid });
  };
}
