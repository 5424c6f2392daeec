import { RolesAnywhereError } from '../../core/errors.ts';
import type { GivenOption } from '../parse/option-values.ts';
import type { OptionRow } from '../schema/option-row.ts';
import { Problems } from '../parse/problems.ts';
import { shown } from '../parse/shown.ts';

/** Throws what is wrong with options whose texts do not have the form that their rows ask for. */
export function throwMisfits(misfits: readonly GivenOption[]): never {
  const problems = new Problems();
  for (const { row, texts, origin } of misfits) {
    const problem = texts.includes('')
      ? `${origin} is empty`
      : `${origin} must be ${demandOf(row)}${found(row, texts)}`;
    problems.add(new RolesAnywhereError('OPTION_INVALID', problem));
  }
  problems.throwAny();
  throw new RolesAnywhereError('INTERNAL', 'options were refused without a misfit');
}

function demandOf({ kind, range, choices }: OptionRow): string {
  if (choices !== undefined) return `one of ${choices.join(', ')}`;
  if (kind === 'boolean') return 'true or false';
  return range === undefined ? 'a whole number' : `a whole number from ${range[0]} to ${range[1]}`;
}

function found(row: OptionRow, texts: readonly string[]): string {
  return row.secret ? '' : `, not ${texts.map(shown).join(', ')}`;
}
