import { RolesAnywhereError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { profileKeyName } from '../schema/option-row.ts';
import type { ProfileEntries } from './profile-entries.ts';
import { serveRows } from '../schema/serve-table.ts';
import { signStringRows } from '../schema/sign-string-table.ts';
import { optionTable } from '../schema/table.ts';

/** Of every command: one profile may serve several. */
const known: readonly string[] = [...optionTable, ...serveRows, ...signStringRows]
  .filter((row) => row.flagOnly !== true)
  .map(profileKeyName);

/**
 * A roles_anywhere_ key of no command is a mistake, and so is one in upper case, which botocore would read.
 * @throws RolesAnywhereError CONFIG_INVALID
 */
export function checkKeyNames(entries: ProfileEntries): void {
  const unknown = [...entries.keys()].find((key) => /^roles_anywhere_/i.test(key) && !known.includes(key));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw new RolesAnywhereError('CONFIG_INVALID', `${unknown} is no option of roles-anywhere`, {
    hints: [meant === undefined ? 'docs/options.md lists the keys' : `did you mean ${meant}?`],
  });
}
