import type { PipelineContext } from '../credential-plan.ts';
import type { OptionValues } from '../options/option-values.ts';
import { version } from '../version.ts';
import type { Terminal } from './command.ts';
import { identityContext } from './identity-context.ts';

/** What obtaining credentials may need of the terminal; with `--debug`, what happens on the way goes there. */
export async function pipelineContext(values: OptionValues, terminal: Terminal): Promise<PipelineContext> {
  const tracing = values.isOn('debug') ? await import('./debug-trace.ts') : undefined;
  return {
    ...identityContext(terminal),
    random: Math.random,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    userAgent: `roles-anywhere/${version}`,
    trace: tracing?.traceTo(terminal.log),
    debug: tracing?.debugTo(terminal.log),
  };
}
