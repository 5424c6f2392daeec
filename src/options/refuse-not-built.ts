import { RolesAnywhereError } from '../errors.ts';
import { parseCertSelector } from './cert-selector.ts';
import type { OptionRow } from './option-row.ts';
import type { OptionValues } from './option-values.ts';

/**
 * Refuses the options that are not built yet, each after its form has been checked.
 * @throws RolesAnywhereError OPTION_NOT_BUILT, OPTION_INVALID
 */
export function refuseNotBuilt(rows: readonly OptionRow[], values: OptionValues): void {
  for (const row of rows) {
    if (row.notBuilt === undefined || !asksFor(row, values)) continue;
    const origin = values.origin(row.flag);
    if (row.flag === 'cert-selector') parseCertSelector(values.text(row.flag) ?? '', origin);
    throw new RolesAnywhereError('OPTION_NOT_BUILT', `${origin} is for ${row.notBuilt}, which are not built yet`, {
      hints: ['this version takes certificate and key from a file, the environment, a file descriptor or stdin'],
    });
  }
}

/** A switch given as false asks for nothing. */
function asksFor(row: OptionRow, values: OptionValues): boolean {
  return values.isGiven(row.flag) && (row.kind !== 'boolean' || values.isOn(row.flag));
}
