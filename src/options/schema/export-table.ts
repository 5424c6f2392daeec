import type { OptionRow } from './option-row.ts';
import { optionsOf } from './table.ts';

/** As in src/outputs/export/export-document.ts, which the table must not import; a test holds the two equal. */
const formats: readonly string[] = ['process', 'env', 'env-no-export', 'powershell', 'windows-cmd', 'fish'];

/** The options of `export`, in the order of help. Of `--format`, sign-string has another one: no variable serves both. */
export const exportOptions: readonly OptionRow[] = [
  {
    flag: 'format',
    kind: 'string',
    placeholder: 'FORMAT',
    help: 'For whom: JSON for a credential_process, or lines that set variables in a shell.',
    fallback: 'process',
    choices: formats,
    flagOnly: true,
    commands: ['export'],
  },
  ...optionsOf('export'),
];
