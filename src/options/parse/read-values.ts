import {
  type CommandOptions,
  environmentName,
  type OptionRow,
  profileKeyName,
  sharedKeysOf,
} from '../schema/option.ts';
import type { Environment, GivenOption, OptionValues, ProfileKeys } from './option-values.ts';
import type { ParsedFlags } from './parse-flags.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { arnSeparator } from '../resolve/arn.ts';

/**
 * Takes flags, environment and the profiles of `--from-profile` together. Flags and environment hold for every profile.
 * The configuration file is read for `--from-profile` alone: a broken one is nobody's business otherwise.
 *
 * @throws RolesAnywhereError OPTION_*, CONFIG_*, FILE_FAILED
 */
export async function readValues(command: CommandOptions, flags: ParsedFlags, env: Environment): Promise<OptionValues> {
  const names = flags.given.get('from-profile');
  if (names === undefined) return gatherValues(command, { flags, env, profile: undefined });
  const { readProfiles } = await import('../profile/from-profile.ts');
  const [first, ...others] = await readProfiles(names, env, command);
  return {
    ...(await gatherValues(command, { flags, env, profile: first })),
    others: await Promise.all(others.map((profile) => gatherValues(command, { flags, env, profile }))),
  };
}

/** Where options come from, first to last. */
export interface OptionSources {
  readonly flags: ParsedFlags;
  readonly env: Environment;
  readonly profile: ProfileKeys | undefined;
}

/**
 * Takes each option from the first source that has it: flag, environment, profile. An empty variable or key counts as
 * not given, unless the empty text is a value of the option; an empty flag is an error, for a script with an unset
 * variable means something else.
 *
 * @throws RolesAnywhereError OPTION_CONFLICT, OPTION_INVALID: everything of the kind at once
 */
export async function gatherValues(command: CommandOptions, sources: OptionSources): Promise<OptionValues> {
  let given = command.options.map((row) => findGiven(row, sources)).filter((option) => option !== undefined);
  if (given.some(({ row }) => row.exclusive)) {
    given = [...(await import('./check-given.ts')).withoutOverruled(given, command.name)];
  }
  const wrong = given.filter(({ row, texts }) => !texts.every((text) => hasForm(row, text)));
  if (wrong.length > 0) (await import('./check-given.ts')).throwWrongForms(wrong);
  return optionValues(command.options, new Map(given.map((one) => [one.row.flag, one])), sources);
}

function findGiven(row: OptionRow, sources: OptionSources): GivenOption | undefined {
  return findText(row, sources) ?? (row.mayBeEmpty ? findEmpty(row, sources) : undefined);
}

function findText(row: OptionRow, { flags, env, profile }: OptionSources): GivenOption | undefined {
  const texts = flags.given.get(row.flag);
  if (texts !== undefined) return { row, texts, origin: `--${row.flag}`, level: 0 };
  if (row.flagOnly) return undefined;

  const inEnvironment = (name: string) => givenAs(row, env[name], name, 1);
  const inProfile = (key: string) =>
    givenAs(row, profile?.keys.get(key), profile?.places?.get(key) ?? `${key} of profile ${profile?.name}`, 2);
  const own = inEnvironment(environmentName(row));
  if (own !== undefined || isSwitchedOff(row, env, profile)) return own ?? inProfile(profileKeyName(row));
  return (
    firstOf(row.environment, inEnvironment) ??
    inProfile(profileKeyName(row)) ??
    firstOf(sharedKeysOf(row), inProfile) ??
    firstOf(row.general?.environment, inEnvironment) ??
    firstOf(row.general?.profileKeys, inProfile)
  );
}

/** Anything else that is given overrules it: where a template leaves a variable empty, it stands for none. */
function findEmpty(row: OptionRow, { env }: OptionSources): GivenOption | undefined {
  const origin = environmentName(row);
  return env[origin] === '' ? { row, texts: [''], origin, level: 3 } : undefined;
}

function isSwitchedOff({ switchedOffBy }: OptionRow, env: Environment, profile: ProfileKeys | undefined): boolean {
  if (switchedOffBy === undefined) return false;
  const text = env[switchedOffBy.environment] || profile?.keys.get(switchedOffBy.profileKey);
  return text?.toLowerCase() === 'true';
}

function firstOf<T>(names: readonly string[] = [], look: (name: string) => T | undefined): T | undefined {
  return names.map(look).find((found) => found !== undefined);
}

function givenAs(row: OptionRow, text: string | undefined, origin: string, level: number): GivenOption | undefined {
  if (!text) return undefined;
  return { row, texts: row.kind === 'list' ? splitList(text, row.chain ? arnSeparator : ',') : [text], origin, level };
}

function splitList(text: string, separator: string | RegExp): readonly string[] {
  return text.split(separator).map((part) => part.trim());
}

/** Whether a text has the form that the row asks for; check-given.ts says what is wrong with one that has not. */
function hasForm({ kind, range, choices, secret }: OptionRow, text: string): boolean {
  if (text === '') return secret === true && kind === 'string';
  if (kind === 'boolean') return parseBoolean(text) !== undefined;
  if (kind !== 'integer') return choices?.includes(text) !== false;
  return /^[+-]?\d+$/.test(text) && (range === undefined || (Number(text) >= range[0] && Number(text) <= range[1]));
}

/** The spellings that pflag takes (Go's strconv.ParseBool). */
function parseBoolean(text: string): boolean | undefined {
  if (/^([1tT]|TRUE|[tT]rue)$/.test(text)) return true;
  return /^([0fF]|FALSE|[fF]alse)$/.test(text) ? false : undefined;
}

function optionValues(
  rows: readonly OptionRow[],
  given: ReadonlyMap<string, GivenOption>,
  { flags, profile }: OptionSources,
): OptionValues {
  const byFlag = new Map(rows.map((row) => [row.flag, row]));
  const texts = (flag: string): readonly string[] => {
    const row = byFlag.get(flag);
    if (row === undefined) throw new RolesAnywhereError('INTERNAL', `the command has no option --${flag}`);
    return given.get(flag)?.texts ?? (row.fallback === undefined ? [] : [row.fallback]);
  };
  const text = (flag: string): string | undefined => texts(flag)[0];
  return {
    text,
    integer: (flag) => (text(flag) === undefined ? undefined : Number(text(flag))),
    isOn: (flag) => parseBoolean(text(flag) ?? '') === true,
    list: texts,
    isGiven: (flag) => given.has(flag),
    origin: (flag) => given.get(flag)?.origin ?? `--${flag}`,
    rows: [...given.values()].map(({ row }) => row),
    words: flags.words,
    profileName: profile?.name,
    profileChain: profile?.chain ?? [],
    warnings: profile?.warnings ?? [],
    others: [],
  };
}
