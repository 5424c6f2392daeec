import type { CommandName, HelpText, OptionRow } from './option.ts';
import { commandSets, helpTexts, optionTable, propertyNames } from './table.ts';

/** The options of a command that it shares with others, in the order of help. */
export function optionsOf(command: CommandName): readonly OptionRow[] {
  const flags = new Set(commandSets.flatMap((set) => (set.commands.includes(command) ? set.flags : [])));
  return optionTable.filter((row) => flags.has(row.flag));
}

/** What help says of an option. */
export function helpTextOf(row: OptionRow): HelpText {
  if (row.help !== undefined) return { help: row.help, placeholder: row.placeholder };
  return helpTexts[row.flag] ?? { help: '' };
}

/** The property of `FromRolesAnywhereInit` for an option: `trustAnchorArn` for `trust-anchor-arn`. */
export function propertyOf(flag: string): string {
  return propertyNames[flag] ?? flag;
}
