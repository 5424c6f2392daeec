import { obtainProcessDocument } from '../../../outputs/process/process-document.ts';
import { resolvePlan } from '../../../options/resolve/resolve-plan.ts';
import { optionTable } from '../../../options/schema/table.ts';
import { cacheOptions, pipelineContext } from '../../contexts.ts';
import type { RunnableCommand } from '../../command.ts';

/**
 * `credential-process`: what SDKs and the AWS CLI call by a profile's credential_process. Its help stands apart, in
 * credential-process-help.ts: every call reads this file.
 */
export const credentialProcess: RunnableCommand = {
  name: 'credential-process',
  options: optionTable,
  buffersWarnings: true,
  async run(values, terminal) {
    const plan = await resolvePlan(values, terminal.env);
    const cache = await cacheOptions(values, terminal);
    await terminal.stdout(await obtainProcessDocument(plan, cache, await pipelineContext(values, terminal)));
  },
};
