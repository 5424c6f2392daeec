import type { OptionRow } from './option-row.ts';
import { optionsOf } from './table.ts';

/** The options of `cache`, in the order of help. */
export const cacheOptions: readonly OptionRow[] = [
  {
    flag: 'json',
    kind: 'boolean',
    help: 'Prints JSON in place of text.',
    flagOnly: true,
    commands: ['cache'],
  },
  ...optionsOf('cache'),
];
