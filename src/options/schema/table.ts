/**
 * What code needs of the definitions, each part by itself. The build puts what this file exports in its place: no text of
 * help is on the way of a call, and a bundle has only what it uses.
 */
import { definitions } from './definitions.ts';
import {
  type CommandName,
  type HelpText,
  type OptionDefinition,
  type OptionRow,
  profileKeyName,
  propertyName,
} from './option.ts';
import { serveRows, signStringRows } from './command-rows.ts';

/** Two flags that exclude each other, and the command that minds, where it is one alone. */
type Exclusion = readonly [string, string, CommandName?];

/** Columns that reading an option does without. */
const notInRows: ReadonlySet<string> = new Set<keyof OptionDefinition>([
  ...(['help', 'placeholder', 'commands'] as const),
  ...(['excludes', 'about', 'property'] as const),
]);

/** Flag and kind first, and the others in one order: the build finds what rows have in common. */
function rowOf(definition: OptionDefinition): OptionRow {
  const { flag, kind, excludes } = definition;
  const columns = Object.entries(definition).filter(([name]) => !notInRows.has(name));
  columns.sort(([one], [other]) => (one < other ? -1 : 1));
  return { flag, kind, ...Object.fromEntries(columns), ...(excludes !== undefined && { exclusive: true }) };
}

/** The options of `credential-process`: it has all that commands share. */
export const optionTable: readonly OptionRow[] = definitions
  .filter(({ commands }) => commands.includes('credential-process'))
  .map(rowOf);

/** Commands, and the flags of that table that they alone have. */
export const commandSets: readonly { readonly commands: readonly CommandName[]; readonly flags: readonly string[] }[] =
  [...new Set(definitions.map(({ commands }) => commands))].map((commands) => ({
    commands,
    flags: definitions.filter((definition) => definition.commands === commands).map(({ flag }) => flag),
  }));

/** By flag. */
export const helpTexts: Readonly<Record<string, HelpText>> = Object.fromEntries(
  definitions.map(({ flag, help, placeholder }) => [
    flag,
    placeholder === undefined ? { help } : { help, placeholder },
  ]),
);

/** Of each pair the one that help has first is the first. */
export const exclusions: readonly Exclusion[] = definitions.flatMap(({ flag, excludes = [] }) =>
  excludes.map((other) =>
    typeof other === 'string' ? inOrder(flag, other) : [...inOrder(flag, other.flag), other.of],
  ),
);

function inOrder(one: string, other: string): readonly [string, string] {
  const flags = definitions.map(({ flag }) => flag);
  return flags.indexOf(one) < flags.indexOf(other) ? [one, other] : [other, one];
}

const inProfiles = definitions.filter(({ flagOnly, commands }) => flagOnly !== true && commands.length > 0);

/** Keys of profiles that say whose credentials to get, or how the session is to be. */
export const ownKeys: readonly string[] = inProfiles
  .filter(({ about }) => about !== 'surroundings')
  .map(profileKeyName);

/** Keys that may stand in any profile on the way. */
export const surroundingKeys: readonly string[] = inProfiles
  .filter(({ about }) => about === 'surroundings')
  .map(profileKeyName);

/** Keys of every command: one profile may serve several. */
export const profileKeys: readonly string[] = [...inProfiles, ...serveRows, ...signStringRows].map(profileKeyName);

/** The options of the library, which environment and profile give too. */
export const libraryRows: readonly OptionRow[] = definitions
  .filter(({ property = {} }) => !('commandOnly' in property))
  .map(rowOf);

/** Flags of the library's options that make no configuration alone. */
export const settings: readonly string[] = definitions
  .filter(({ about }) => about !== undefined)
  .map(({ flag }) => flag);

/** The library's name of each flag. */
export const propertyNames: Readonly<Record<string, string>> = Object.fromEntries(
  definitions.map((definition) => [definition.flag, propertyName(definition)]),
);

/** What to tell who gives the library the flag in camel case, where it has no such option, or another name for it. */
export const propertyHints: Readonly<Record<string, string>> = Object.fromEntries(definitions.flatMap(hintOf));

function hintOf({ flag, property }: OptionDefinition): readonly (readonly [string, string])[] {
  if (property === undefined) return [];
  const name = propertyName({ flag });
  if ('otherwise' in property) return [[name, property.otherwise]];
  if ('commandOnly' in property) return [[name, property.commandOnly]];
  return property.name === undefined ? [] : [[name, `did you mean ${property.name}?`]];
}
