import { RolesAnywhereError } from '../core/errors.ts';
import { listEntries } from '../pipeline/disk-cache/list-entries.ts';
import type { Check } from './examination.ts';
import { failed, pass, skip } from './finding.ts';

/** The folder of `--cache`, and what is in it. */
export const checkCache: Check = {
  name: 'cache',
  run({ context: { cache, now } }) {
    if (cache === undefined) return [skip('this program keeps its credentials in memory')];
    const { folder, isUsed } = cache;
    try {
      const entries = listEntries(folder, now());
      const count = (state: string): number => entries.filter((entry) => entry.state === state).length;
      const numbers = `${entries.length} entries, ${count('valid')} valid, ${count('expired')} expired, ${count('unreadable')} unreadable`;
      if (isUsed) return [pass(`${folder.path}: ${numbers}`)];
      const why = '--cache is not given: each call of credential_process asks for a session';
      return entries.length === 0 ? [pass(why)] : [pass(`${why}; ${folder.path}: ${numbers}`)];
    } catch (error) {
      if (!(error instanceof RolesAnywhereError)) throw error;
      return [isUsed ? failed(error) : skip(`--cache is not given; ${error.message}`)];
    }
  },
};
