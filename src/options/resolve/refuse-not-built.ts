import { RolesAnywhereError } from '../../core/errors.ts';
import type { OptionValues } from '../parse/option-values.ts';
import type { OptionRow } from '../schema/option.ts';
import { parseCertSelector } from './cert-selector.ts';

/**
 * Refuses the options that are not built yet, each after its form has been checked.
 * @throws RolesAnywhereError OPTION_NOT_BUILT, OPTION_INVALID
 */
export async function refuseNotBuilt(rows: readonly OptionRow[], values: OptionValues): Promise<void> {
  for (const row of rows) {
    if (row.notBuilt === undefined || !values.isGiven(row.flag)) continue;
    const origin = values.origin(row.flag);
    if (row.flag === 'cert-selector') await parseCertSelector(values.text(row.flag) ?? '', origin);
    throw new RolesAnywhereError('OPTION_NOT_BUILT', `${origin} is for ${row.notBuilt}, which are not built yet`, {
      hints: ['this version takes certificate and key from files, env:NAME, fd:N, stdin, PKCS#11 tokens and TPMs'],
    });
  }
}
