import type { PipelineContext } from '../pipeline/credential-plan.ts';
import type { OptionValues } from '../options/parse/option-values.ts';
import { version } from '../version.ts';
import type { Terminal } from './command.ts';
import { identityContext } from './identity-context.ts';

/** What obtaining credentials may need of the terminal. */
export async function pipelineContext(values: OptionValues, terminal: Terminal): Promise<PipelineContext> {
  const isWatched = values.isOn('debug') || terminal.isWatched();
  return {
    ...identityContext(terminal),
    random: Math.random,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    userAgent: `roles-anywhere/${version}`,
    ...(isWatched && (await import('./terminal/watched-context.ts')).watchedContext(values, terminal)),
  };
}
