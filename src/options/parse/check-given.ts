import { RolesAnywhereError } from '../../core/errors.ts';
import type { CommandName, OptionRow } from '../schema/option.ts';
import { exclusions } from '../schema/table.ts';
import type { GivenOption } from './option-values.ts';
import { Problems, shown } from './problems.ts';

/**
 * Leaves out what is overruled: two that exclude each other are an error where they stand side by side, as on the
 * official helper's command line; where one comes from a nearer source, it overrules the other like it would overrule
 * itself. An option counts as given whatever its value.
 *
 * @throws RolesAnywhereError OPTION_CONFLICT: every pair at once
 */
export function withoutOverruled(given: readonly GivenOption[], command: CommandName): readonly GivenOption[] {
  const problems = new Problems();
  const overruled = new Set<GivenOption>();
  for (const [flag, otherFlag, onlyOf = command] of exclusions) {
    const one = given.find(({ row }) => row.flag === flag);
    const other = given.find(({ row }) => row.flag === otherFlag);
    if (one === undefined || other === undefined || onlyOf !== command) continue;
    if (one.level === other.level) problems.add(conflict(one, other));
    else overruled.add(one.level > other.level ? one : other);
  }
  problems.throwAny();
  return given.filter((option) => !overruled.has(option));
}

function conflict(one: GivenOption, other: GivenOption): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_CONFLICT', `${one.origin} and ${other.origin} exclude each other`, {
    hints: ['give one of the two'],
  });
}

/** Throws what is wrong with options whose texts do not have the form that their rows ask for. */
export function throwWrongForms(options: readonly GivenOption[]): never {
  const problems = new Problems();
  for (const { row, texts, origin } of options) {
    const problem = texts.includes('')
      ? `${origin} is empty`
      : `${origin} must be ${demandOf(row)}${found(row, texts)}`;
    problems.add(new RolesAnywhereError('OPTION_INVALID', problem));
  }
  problems.throwAny();
  throw new RolesAnywhereError('INTERNAL', 'options were refused for their form, and have it');
}

function demandOf({ kind, range, choices }: OptionRow): string {
  if (choices !== undefined) return `one of ${choices.join(', ')}`;
  if (kind === 'boolean') return 'true or false';
  return range === undefined ? 'a whole number' : `a whole number from ${range[0]} to ${range[1]}`;
}

function found(row: OptionRow, texts: readonly string[]): string {
  return row.secret ? '' : `, not ${texts.map(shown).join(', ')}`;
}
