import type { OptionRow } from './option-row.ts';
import { optionsOf } from './table.ts';

/** The options of `exec`, in the order of help. */
export const execOptions: readonly OptionRow[] = [
  {
    flag: 'server',
    kind: 'boolean',
    help:
      'Gives the program a credential endpoint of its own on 127.0.0.1, which renews, in place of credentials that end ' +
      'some day.',
    flagOnly: true,
    commands: ['exec'],
  },
  ...optionsOf('exec'),
];
