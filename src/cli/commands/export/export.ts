import { optionsOf } from '../../../options/schema/shared-options.ts';
import { exportFormats } from '../../../outputs/export/export-document.ts';
import type { Command } from '../../command.ts';

/** `export`: prints credentials for a shell or a program. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'prints credentials for a shell or a program',
  description:
    "The formats are those of the AWS CLI's configure export-credentials. What is printed is secret: let a shell read " +
    'it, and keep it out of files.',
  options: [
    // sign-string has another --format: no variable serves both.
    {
      flag: 'format',
      kind: 'string',
      placeholder: 'FORMAT',
      help: 'For whom: JSON for a credential_process, or lines that set variables in a shell.',
      fallback: 'process',
      choices: exportFormats,
      flagOnly: true,
    },
    ...optionsOf('export'),
  ],
  buffersWarnings: true,
  examples: [
    'eval "$(roles-anywhere export --from-profile on-prem --format env)"',
    'roles-anywhere export --from-profile on-prem --format fish | source',
    'roles-anywhere export --from-profile on-prem --format powershell | Invoke-Expression',
  ],
  async run(values, terminal) {
    const { runExport } = await import('./run-export.ts');
    await runExport(values, terminal);
  },
};
