import { RolesAnywhereError } from '../errors.ts';
import { environmentName, profileKeyName, type OptionRow } from './option-row.ts';
import type { OptionValues } from './option-values.ts';
import type { ParsedFlags } from './parse-flags.ts';
import { Problems } from './problems.ts';

/** The keys of one profile, with its `services` section flattened to `services.<service>.<key>`. */
export interface ProfileKeys {
  readonly name: string;
  readonly keys: ReadonlyMap<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where options come from, first to last. */
export interface OptionSources {
  readonly flags: ParsedFlags;
  readonly env: Environment;
  readonly profile: ProfileKeys | undefined;
}

/** One option that somebody gave. */
interface Given {
  readonly row: OptionRow;
  readonly texts: readonly string[];
  /** What messages call the place. */
  readonly origin: string;
  /** 0 for the command line, 1 for the environment, 2 for the profile. */
  readonly level: number;
}

/**
 * Takes each option from the first source that has it: flag, environment, profile. An empty variable or key counts as
 * not given; an empty flag is an error, for a script with an unset variable means something else.
 *
 * @throws RolesAnywhereError OPTION_INVALID, OPTION_CONFLICT: everything wrong at once
 */
export function gatherValues(rows: readonly OptionRow[], sources: OptionSources): OptionValues {
  const problems = new Problems();
  const found = rows.map((row) => findGiven(row, sources)).filter((given) => given !== undefined);
  const given = withoutOverruled(found, problems);
  for (const one of given) problems.try(() => checkForm(one));
  problems.throwAny();
  return optionValues(rows, new Map(given.map((one) => [one.row.flag, one])), sources.flags.words);
}

function findGiven(row: OptionRow, { flags, env, profile }: OptionSources): Given | undefined {
  const texts = flags.given.get(row.flag);
  if (texts !== undefined) return { row, texts, origin: `--${row.flag}`, level: 0 };
  if (row.flagOnly === true) return undefined;

  const inEnvironment = (name: string) => givenAs(row, env[name], name, 1);
  const inProfile = (key: string) => givenAs(row, profile?.keys.get(key), `${key} of profile ${profile?.name}`, 2);
  const own = inEnvironment(environmentName(row));
  if (own !== undefined || isSwitchedOff(row, env, profile)) return own ?? inProfile(profileKeyName(row));
  return (
    firstOf(row.environment ?? [], inEnvironment) ??
    firstOf([profileKeyName(row), ...(row.profileKeys ?? [])], inProfile) ??
    firstOf(row.general?.environment ?? [], inEnvironment) ??
    firstOf(row.general?.profileKeys ?? [], inProfile)
  );
}

function isSwitchedOff({ switchedOffBy }: OptionRow, env: Environment, profile: ProfileKeys | undefined): boolean {
  if (switchedOffBy === undefined) return false;
  const text = env[switchedOffBy.environment] || profile?.keys.get(switchedOffBy.profileKey);
  return text?.toLowerCase() === 'true';
}

function firstOf<T>(names: readonly string[], look: (name: string) => T | undefined): T | undefined {
  for (const name of names) {
    const found = look(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function givenAs(row: OptionRow, text: string | undefined, origin: string, level: number): Given | undefined {
  if (text === undefined || text === '') return undefined;
  const texts = row.kind === 'list' ? text.split(',').map((part) => part.trim()) : [text];
  return { row, texts, origin, level };
}

/**
 * Two that exclude each other are an error where they stand side by side, as on the official helper's command line;
 * where one comes from a nearer source, it overrules the other like it would overrule itself.
 */
function withoutOverruled(found: readonly Given[], problems: Problems): readonly Given[] {
  const overruled = new Set<Given>();
  for (const one of found) {
    for (const other of found) {
      if (one.row.conflicts?.includes(other.row.flag) !== true) continue;
      if (one.level === other.level) problems.add(conflict(one, other));
      else overruled.add(one.level > other.level ? one : other);
    }
  }
  return found.filter((given) => !overruled.has(given));
}

function conflict(one: Given, other: Given): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_CONFLICT', `${one.origin} and ${other.origin} exclude each other`, {
    hints: ['give one of the two'],
  });
}

function checkForm({ row, texts, origin }: Given): void {
  for (const text of texts) {
    if (text === '' && row.mayBeEmpty !== true) throw invalid(`${origin} is empty`);
    const demand = unmetDemand(row, text);
    const found = row.secret === true ? '' : `, not ${JSON.stringify(text)}`;
    if (demand !== undefined) throw invalid(`${origin} must be ${demand}${found}`);
  }
}

/** What the row wants and the text is not. */
function unmetDemand(row: OptionRow, text: string): string | undefined {
  if (row.kind === 'boolean' && parseBoolean(text) === undefined) return 'true or false';
  if (row.kind === 'integer') {
    const [least, greatest] = row.range ?? [0, Number.MAX_SAFE_INTEGER];
    const fits = /^[+-]?\d+$/.test(text) && Number(text) >= least && Number(text) <= greatest;
    if (!fits) return `a whole number from ${least} to ${greatest}`;
  }
  if (row.choices !== undefined && !row.choices.includes(text)) return `one of ${row.choices.join(', ')}`;
  return undefined;
}

function invalid(message: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message);
}

/** The spellings that pflag takes (Go's strconv.ParseBool). */
function parseBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  return undefined;
}

function optionValues(
  rows: readonly OptionRow[],
  given: ReadonlyMap<string, Given>,
  words: readonly string[],
): OptionValues {
  const texts = (flag: string): readonly string[] => {
    const row = rows.find((row) => row.flag === flag);
    if (row === undefined) throw new RolesAnywhereError('INTERNAL', `the command has no option --${flag}`);
    return given.get(flag)?.texts ?? (row.fallback === undefined ? [] : [row.fallback]);
  };
  const text = (flag: string): string | undefined => texts(flag)[0];
  return {
    text,
    integer: (flag) => (text(flag) === undefined ? undefined : Number(text(flag))),
    isOn: (flag) => parseBoolean(text(flag) ?? 'false') === true,
    list: texts,
    isGiven: (flag) => given.has(flag),
    origin: (flag) => given.get(flag)?.origin ?? `--${flag}`,
    words,
  };
}
