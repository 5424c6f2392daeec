import type { OptionRow } from './option.ts';

/** The options that `sign-string` alone has. */
export const signStringRows: readonly OptionRow[] = [
  {
    flag: 'format',
    kind: 'string',
    placeholder: 'FORMAT',
    help: 'How the signature is written: hex in quotes, hex, or raw bytes.',
    fallback: 'json',
    choices: ['json', 'text', 'bin'],
  },
  {
    flag: 'digest',
    kind: 'string',
    placeholder: 'DIGEST',
    help: 'Hash to sign with; an ML-DSA key has none.',
    fallback: 'SHA256',
    choices: ['SHA256', 'SHA384', 'SHA512'],
  },
];
