import type { OptionRow } from './option-row.ts';
import { logFormat } from './serve-table.ts';
import { optionsOf } from './table.ts';

/** The options of `update`, in the order of help. */
export const updateOptions: readonly OptionRow[] = [
  {
    flag: 'profile',
    kind: 'list',
    placeholder: 'NAME',
    help:
      'Profile of the credentials file to write: as many as --from-profile names, with commas between them. Several of ' +
      '--from-profile are written under their own names when this is not given.',
    fallback: 'default',
    flagOnly: true,
    commands: ['update'],
  },
  {
    flag: 'once',
    kind: 'boolean',
    help: 'Writes once and ends, in place of renewing until a signal comes.',
    flagOnly: true,
    commands: ['update'],
  },
  logFormat,
  ...optionsOf('update'),
];
