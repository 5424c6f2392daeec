import { RolesAnywhereError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { helpTextOf } from '../schema/shared-options.ts';
import type { CommandOptions, OptionRow } from '../schema/option.ts';
import type { FlagFault, Preceding } from '../parse/parse-flags.ts';
import { Problems, shown } from '../parse/problems.ts';

const oneLineHints = [
  'credential_process in ~/.aws/config cannot be continued with a backslash: write the whole command on one line',
  'or put the options into the profile as roles_anywhere_ keys and give --from-profile NAME alone',
];

/** More than anybody reads at once. */
const mostFaults = 50;

/**
 * Throws what the faults of one command line mean, all of them together.
 *
 * @param commands every command with its options, to recognise what was meant for another one
 */
export function throwFaults(
  faults: readonly FlagFault[],
  command: CommandOptions,
  commands: readonly CommandOptions[],
): never {
  const problems = new Problems();
  const lineBreak = faults.find((fault) => fault.kind === 'line-break');
  if (lineBreak !== undefined) throw explainLineBreak(lineBreak.after);
  const told = withoutSwallowedWords(faults).slice(0, mostFaults);
  for (const fault of told) problems.add(explain(fault, command, commands));
  problems.throwAny();
  throw new RolesAnywhereError('INTERNAL', 'a command line was refused without a fault');
}

/** What a left-over line break means. */
export function explainLineBreak(after: Preceding): RolesAnywhereError {
  const place = after === undefined || after === 'unknown' ? '' : ` after --${after.flag}`;
  return new RolesAnywhereError('OPTION_LINE_BREAK', `a backslash or line break is left over${place}`, {
    hints: oneLineHints,
  });
}

/** The word after an unknown flag is its value, and may be a secret. */
function withoutSwallowedWords(faults: readonly FlagFault[]): readonly FlagFault[] {
  return faults.filter((fault) => fault.kind !== 'word' || fault.after !== 'unknown');
}

function explain(fault: FlagFault, command: CommandOptions, commands: readonly CommandOptions[]): RolesAnywhereError {
  if (fault.kind === 'unknown') return explainUnknown(fault, command, commands);
  if (fault.kind === 'word') return explainWord(fault, command);
  if (fault.kind === 'value-missing') return explainMissingValue(fault, command);
  if (fault.kind === 'line-break') return explainLineBreak(fault.after);
  return new RolesAnywhereError('OPTION_INVALID', `the value of --${fault.row.flag} begins with a typographic quote`, {
    hints: [`write plain quotes, " or '`],
  });
}

function explainUnknown(
  fault: FlagFault & { kind: 'unknown' },
  command: CommandOptions,
  commands: readonly CommandOptions[],
): RolesAnywhereError {
  const secret = secretRow(fault.after);
  if (!fault.argument.startsWith('-')) {
    if (secret !== undefined && !isOfCommand(fault.argument, command)) return hiddenWord(secret);
    if (fault.after === 'unknown' && !isOfCommand(fault.argument, command)) return hiddenDash();
    return new RolesAnywhereError('OPTION_UNKNOWN', `${beforeEquals(fault.argument)} begins with a typographic dash`, {
      hints: [`write plain dashes: --${beforeEquals(fault.argument).replace(/^[^A-Za-z]+/, '')}`],
    });
  }
  const name = nameOf(fault.argument);
  const flags = command.options.map((row) => row.flag);
  const dashes = fault.argument.startsWith('--') ? '--' : '-';
  if (dashes === '-' && flags.includes(name)) {
    return new RolesAnywhereError('OPTION_UNKNOWN', `-${name} has one dash`, { hints: [`write --${name}`] });
  }
  if (name === 'profile' && flags.includes('from-profile')) return readsFromProfile(command);
  const owners = commands.filter((other) => other.options.some((row) => row.flag === name)).map((other) => other.name);
  if (owners.length > 0) {
    return new RolesAnywhereError('OPTION_MISPLACED', `${command.name} has no option --${name}`, {
      hints: [`--${name} belongs to ${list(owners)}`],
    });
  }
  const meant = nearest(name, flags);
  if (meant !== undefined) {
    const hints = [`did you mean --${meant}?`];
    return new RolesAnywhereError('OPTION_UNKNOWN', `unknown option ${dashes}${name}`, { hints });
  }
  if (secret !== undefined && !isFlagName(fault.argument)) return hiddenWord(secret);
  // What begins with one dash may be a value that lost its flag: its first letter is enough to find it.
  const shownName = dashes === '--' ? name : `${name.slice(0, 1)}…`;
  return new RolesAnywhereError('OPTION_UNKNOWN', `unknown option ${dashes}${shownName}`, {
    hints: [
      nearest(name, ['version']) === undefined
        ? `roles-anywhere ${command.name} --help lists the options`
        : 'roles-anywhere --version shows the version',
    ],
  });
}

/** Whether what begins with dashes of any kind names an option, and so is no part of a password. */
function isOfCommand(argument: string, { options }: CommandOptions): boolean {
  const name = beforeEquals(argument).replace(/^[^A-Za-z]+/, '');
  return options.some(({ flag }) => flag === name);
}

/** After a flag that is unknown may stand its value, and that may be a secret. */
function hiddenDash(): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_UNKNOWN', 'an argument (not shown) begins with a typographic dash', {
    hints: ['write plain dashes: --'],
  });
}

/** Somebody who knows the AWS CLI, where the flag has another name. */
function readsFromProfile({ name }: CommandOptions): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_MISPLACED', `${name} has no option --profile`, {
    hints: ['write --from-profile to have the options from a profile of ~/.aws/config', '--profile belongs to update'],
  });
}

/** Whether a text has the form of a flag's name, which no key and hardly a part of a password has. */
function isFlagName(argument: string): boolean {
  return /^--[a-z][a-z0-9]*(-[a-z0-9]+)*(=|$)/.test(argument) && beforeEquals(argument).length <= 40;
}

function explainWord(fault: FlagFault & { kind: 'word' }, command: CommandOptions): RolesAnywhereError {
  const { argument, after } = fault;
  const secret = secretRow(after);
  if (secret !== undefined) return hiddenWord(secret);
  const row = after === 'unknown' ? undefined : after;
  if (row?.kind === 'boolean' && /^(true|false|t|f|1|0)$/i.test(argument)) {
    return new RolesAnywhereError('OPTION_MISPLACED', `--${row.flag} takes its value with an equals sign`, {
      hints: [`write --${row.flag}=${argument}`],
    });
  }
  const place = row === undefined ? `after ${command.name}` : `after --${row.flag}`;
  return new RolesAnywhereError('OPTION_MISPLACED', `unexpected argument ${shown(argument)} ${place}`, {
    hints: [`${command.name} takes options only; put a value with blanks in quotes`],
  });
}

/** What follows a password may be more of it; what follows a source of keys may be a key, unquoted in a shell. */
function secretRow(after: Preceding): OptionRow | undefined {
  if (typeof after !== 'object') return undefined;
  return after.secret === true || sources.has(after.flag) ? after : undefined;
}

const sources: ReadonlySet<string> = new Set(['certificate', 'private-key', 'intermediates']);

function hiddenWord(after: OptionRow): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_MISPLACED', `an argument (not shown) follows the value of --${after.flag}`, {
    hints: [`put the value of --${after.flag} in quotes where it has blanks`],
  });
}

function explainMissingValue(
  fault: FlagFault & { kind: 'value-missing' },
  command: CommandOptions,
): RolesAnywhereError {
  const { row, next } = fault;
  const flag = `--${row.flag}`;
  const isHidden = next !== undefined && row.secret === true && !isOfCommand(next, command);
  const found =
    next === undefined
      ? 'nothing follows'
      : `${isHidden ? 'an argument with a dash (not shown)' : beforeEquals(next)} follows`;
  return new RolesAnywhereError('OPTION_INVALID', `${flag} needs a value, but ${found}`, {
    hints: [
      `write ${flag} ${helpTextOf(row).placeholder ?? 'VALUE'}, or ${flag}=VALUE where the value begins with a dash`,
    ],
  });
}

/** An argument up to its `=`, for what comes after may be a secret. */
function beforeEquals(argument: string): string {
  return argument.split('=', 1)[0]?.trim() ?? '';
}

function nameOf(argument: string): string {
  return beforeEquals(argument).replace(/^-+/, '');
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
