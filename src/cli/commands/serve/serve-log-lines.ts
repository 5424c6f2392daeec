import type { LogFields, LogLevel, ServeLog } from '../../../outputs/serve/serve-log.ts';
import { logLevels } from '../../../outputs/serve/serve-log.ts';
import { printable } from '../../terminal/printable.ts';

export interface LogSettings {
  readonly format: 'text' | 'json';
  /** Less important lines are not written. */
  readonly level: LogLevel;
  readonly now: () => Date;
  readonly write: (line: string) => void;
}

/** Writes a line for each message: a JSON object, or time, level, message and `name=value`. */
export function logLines({ format, level, now, write }: LogSettings): ServeLog {
  const least = logLevels.indexOf(level);
  const line = format === 'json' ? jsonLine : textLine;
  return (level, message, fields = {}) => {
    if (logLevels.indexOf(level) >= least) write(line({ time: now().toISOString(), level, message }, fields));
  };
}

interface Head {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
}

function jsonLine(head: Head, fields: LogFields): string {
  return printable(JSON.stringify({ ...head, ...fields }));
}

function textLine({ time, level, message }: Head, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${/^[^\s"=]+$/.test(String(value)) ? String(value) : JSON.stringify(value)}`);
  return printable(`${time} ${level.padEnd(5)} ${message}${pairs.join('')}`);
}
