import type { OptionRow } from '../options/schema/option.ts';
import type { OptionValues } from '../options/parse/option-values.ts';
import { shownOption } from '../options/explain/shown-option.ts';
import type { Trace, TraceEvent } from '../aws/create-session/trace.ts';
import type { PipelineContext } from '../pipeline/credential-plan.ts';
import type { Terminal } from './command.ts';
import { printable } from './terminal/printable.ts';
import { tellWaits } from './terminal/tell-waits.ts';

type Log = (line: string) => void;

/** Writes what happens between the command and the service for `--debug`: every line begins with `debug: `. */
export function traceTo(log: Log): Trace {
  return (event) => {
    for (const line of describe(event)) log(`debug: ${printable(line)}`);
  };
}

/** Writes what a backend has to say to somebody who looks for a fault. */
export function debugTo(log: Log): (message: string) => void {
  return (message) => log(`debug: ${printable(message)}`);
}

/** Writes which options count and where each comes from. */
export function traceOptions(rows: readonly OptionRow[], values: OptionValues, log: Log): void {
  for (const row of rows) {
    if (!values.isGiven(row.flag)) continue;
    log(`debug: option ${row.flag} = ${printable(shownOption(row, values))}, from ${values.origin(row.flag)}`);
  }
}

function describe(event: TraceEvent): readonly string[] {
  if (event.kind === 'endpoint') {
    return [`endpoint ${event.url}${event.proxy === undefined ? '' : ` through proxy ${event.proxy}`}`];
  }
  if (event.kind === 'identity') {
    const { serialNumber, chainLength, elapsedMs } = event;
    return [`certificate ${serialNumber}, ${chainLength} in the chain, opened in ${milliseconds(elapsedMs)}`];
  }
  return describeAttempt(event).map((line, index) => (index === 0 ? `attempt ${event.attempt}: ${line}` : line));
}

type AttemptEvent = Extract<TraceEvent, { attempt: number }>;

function describeAttempt(event: AttemptEvent): readonly string[] {
  if (event.kind === 'signed') {
    return ['canonical request', ...block(event.canonicalRequest), 'string to sign', ...block(event.stringToSign)];
  }
  if (event.kind === 'answered') {
    return [`status ${event.status}, request id ${event.requestId ?? 'none'}, ${milliseconds(event.elapsedMs)}`];
  }
  if (event.kind === 'assumed') {
    const { roleArn, position, hops, requestId, elapsedMs } = event;
    const role = `hop ${position} of ${hops}, assumed ${roleArn}`;
    return [`${role}, request id ${requestId ?? 'none'}, ${milliseconds(elapsedMs)}`];
  }
  if (event.kind === 'failed') return [`${event.code}, ${event.message}, ${milliseconds(event.elapsedMs)}`];
  return [`the next one in ${milliseconds(event.delayMs)}`];
}

function block(text: string): readonly string[] {
  return text.split('\n').map((line) => `  ${line}`);
}

function milliseconds(duration: number): string {
  return `${Math.round(duration)} ms`;
}

/** What somebody sees who looks on: with `--debug` what happens on the way, at a terminal what is waited for. */
export function watchedContext(values: OptionValues, terminal: Terminal): Pick<PipelineContext, 'trace' | 'debug'> {
  const { log, warn, isWatched } = terminal;
  const shown = values.isOn('debug') ? { trace: traceTo(log), debug: debugTo(log) } : {};
  return isWatched() ? { ...shown, trace: tellWaits(warn, shown.trace) } : shown;
}
