import type { PipelineContext } from '../../pipeline/credential-plan.ts';
import type { OptionValues } from '../../options/parse/option-values.ts';
import type { Terminal } from '../command.ts';
import { debugTo, traceTo } from '../debug-trace.ts';
import { tellWaits } from './tell-waits.ts';

/** What somebody sees who looks on: with `--debug` what happens on the way, at a terminal what is waited for. */
export function watchedContext(values: OptionValues, terminal: Terminal): Pick<PipelineContext, 'trace' | 'debug'> {
  const { log, warn, isWatched } = terminal;
  const shown = values.isOn('debug') ? { trace: traceTo(log), debug: debugTo(log) } : {};
  return isWatched() ? { ...shown, trace: tellWaits(warn, shown.trace) } : shown;
}
