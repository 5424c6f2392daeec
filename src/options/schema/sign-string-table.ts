import type { OptionRow } from './option-row.ts';
import { optionsOf } from './table.ts';

/** The options that `sign-string` alone has. */
export const signStringRows: readonly OptionRow[] = [
  {
    flag: 'format',
    kind: 'string',
    placeholder: 'FORMAT',
    help: 'How the signature is written: hex in quotes, hex, or raw bytes.',
    fallback: 'json',
    choices: ['json', 'text', 'bin'],
    commands: ['sign-string'],
  },
  {
    flag: 'digest',
    kind: 'string',
    placeholder: 'DIGEST',
    help: 'Hash to sign with; an ML-DSA key has none.',
    fallback: 'SHA256',
    choices: ['SHA256', 'SHA384', 'SHA512'],
    commands: ['sign-string'],
  },
];

/** The options of `sign-string`, in the order of help. */
export const signStringOptions: readonly OptionRow[] = [...signStringRows, ...optionsOf('sign-string')];
