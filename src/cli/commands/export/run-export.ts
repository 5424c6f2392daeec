import { exportDocument, exportFormats } from '../../../outputs/export/export-document.ts';
import { obtainOnce } from '../../../outputs/obtain-once.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { resolvePlan } from '../../../options/resolve/resolve-plan.ts';
import { cacheOptions, pipelineContext } from '../../contexts.ts';
import type { Terminal } from '../../command.ts';

/** Obtains credentials and prints them in the format asked for. */
export async function runExport(values: OptionValues, terminal: Terminal): Promise<void> {
  const format = exportFormats.find((name) => name === values.text('format')) ?? 'process';
  const plan = await resolvePlan(values, terminal.env);
  const cache = await cacheOptions(values, terminal);
  const credentials = await obtainOnce(plan, cache, await pipelineContext(values, terminal));
  await terminal.stdout(exportDocument(format, credentials, terminal.now()));
}
