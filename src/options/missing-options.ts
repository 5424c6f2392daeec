import { RolesAnywhereError } from '../errors.ts';
import { environmentName, profileKeyName } from './option-row.ts';
import { optionTable } from './table.ts';

/** Names options that are missing, and every way to give each of them. */
export function missingOptions(flags: readonly string[], profileName?: string): RolesAnywhereError {
  const rows = optionTable.filter((row) => flags.includes(row.flag));
  const names = flags.map((flag) => `--${flag}`);
  const all = names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const profile = profileName === undefined ? 'the profile of --from-profile' : `profile ${profileName}`;
  return new RolesAnywhereError('OPTION_MISSING', `${all} ${names.length < 2 ? 'is' : 'are'} missing`, {
    hints: rows.map((row) => `give --${row.flag}, ${environmentName(row)}, or ${profileKeyName(row)} in ${profile}`),
  });
}
