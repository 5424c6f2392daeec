import { obtainProcessDocument } from '../../faces/process-document.ts';
import { resolveCredentialRequest } from '../../options/resolve.ts';
import { optionsOf } from '../../options/table.ts';
import type { OptionValues } from '../../options/option-values.ts';
import type { RunnableCommand } from '../command.ts';
import { identityContext } from '../identity-context.ts';
import { version } from '../version.ts';

/**
 * `credential-process`: what SDKs and the AWS CLI call by a profile's credential_process. Its help stands apart, in
 * credential-process-help.ts: every call reads this file.
 */
export const credentialProcess: RunnableCommand = {
  name: 'credential-process',
  options: optionsOf('credential-process'),
  async run(values, terminal) {
    const request = (await resolveCredentialRequest(values, terminal.env)) ?? (await explain(values));
    if (!request.network.verify) {
      terminal.warn(`${values.origin('no-verify-ssl')}: the certificate of the endpoint is not checked`);
    }
    const tracing = values.isOn('debug') ? await import('../debug-trace.ts') : undefined;
    const document = await obtainProcessDocument(request, {
      ...identityContext(terminal),
      random: Math.random,
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      userAgent: `roles-anywhere/${version}`,
      trace: tracing?.traceTo(terminal.log),
      debug: tracing?.debugTo(terminal.log),
    });
    await terminal.stdout(document);
  },
};

async function explain(values: OptionValues): Promise<never> {
  const { throwRequestProblems } = await import('../../options/explain-request.ts');
  return throwRequestProblems(values);
}
