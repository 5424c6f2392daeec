import { throwFaults } from '../options/explain/explain-faults.ts';
import { helpTextOf } from '../options/schema/shared-options.ts';
import { environmentName, type OptionRow } from '../options/schema/option.ts';
import type { ParsedFlags } from '../options/parse/parse-flags.ts';
import type { Command, RunnableCommand, Terminal } from './command.ts';
import { loadCommand, loadCommands } from './load-commands.ts';

const width = 80;

/**
 * What a command line gets that asks for help or cannot be used; help comes first.
 * @throws RolesAnywhereError OPTION_*
 */
export async function helpOrFaults(command: RunnableCommand, flags: ParsedFlags, terminal: Terminal): Promise<void> {
  if (flags.given.get('help')?.[0] !== 'true') throwFaults(flags.faults, command, await loadCommands());
  await terminal.stdout(commandHelp(await loadCommand(command.name)));
}

/** What the program prints without a command. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return [
    'Usage: roles-anywhere <command> [options]',
    '',
    'Gets AWS credentials for a certificate by IAM Roles Anywhere.',
    '',
    'Commands:',
    ...columns(rows),
    '',
    'roles-anywhere <command> --help lists the options of a command.',
    '',
  ].join('\n');
}

/** What `--help` after a command prints. */
export function commandHelp(command: Command): string {
  const word = command.word === undefined ? '' : ` ${wordUsage(command.word)}`;
  const configurable = command.options.some((row) => row.flagOnly !== true);
  return [
    `Usage: roles-anywhere ${command.name}${word} [options]${command.program === undefined ? '' : ` [-- ${command.program}]`}`,
    '',
    `${capital(command.summary)}.`,
    ...(command.description === undefined ? [] : ['', ...wrap(command.description, width)]),
    '',
    'Options:',
    ...columns(command.options.map((row) => [usageOf(row), describe(row)])),
    ...(configurable ? ['', ...wrap(sourcesNote(command), width)] : []),
    ...(command.examples === undefined ? [] : ['', 'Examples:', ...command.examples.map((line) => `  ${line}`)]),
    '',
  ].join('\n');
}

function wordUsage(word: NonNullable<Command['word']>): string {
  const choices = word.choices.length === 0 ? `${word.placeholder} …` : word.choices.join('|');
  return word.optional === true ? `[${choices}]` : choices;
}

function usageOf(row: OptionRow): string {
  const short = row.short === undefined ? '' : `-${row.short}, `;
  const value = row.kind === 'boolean' ? '' : ` ${helpTextOf(row).placeholder ?? 'VALUE'}`;
  return `${short}--${row.flag}${value}`;
}

/** The help of a row with all that follows from its other columns. */
function describe(row: OptionRow): string {
  const parts = [helpTextOf(row).help];
  if (row.kind === 'list') parts.push('May be given more than once.');
  if (row.choices !== undefined) parts.push(`One of ${row.choices.join(', ')}.`);
  if (row.range !== undefined && row.range[1] <= 65_535) parts.push(`From ${row.range[0]} to ${row.range[1]}.`);
  if (row.fallback !== undefined) parts.push(`Default: ${row.fallback}.`);
  const also = [...(row.environment ?? []), ...(row.general?.environment ?? [])];
  if (also.length > 0) parts.push(`Also: ${also.join(', ')}.`);
  return parts.join(' ');
}

function sourcesNote(command: Command): string {
  const example = command.options.find((row) => row.flagOnly !== true);
  if (example === undefined) return '';
  const profile = command.options.some((row) => row.flag === 'from-profile')
    ? `, and then from the profile of --from-profile: ${environmentName(example).toLowerCase()}`
    : '';
  return `An option that is not given is taken from the environment: ${environmentName(example)}${profile}.`;
}

/** Two columns; a left part too long for its column stands on a line of its own. */
function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const indent = Math.min(30, 4 + Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right, width - indent);
    const first = `  ${left}`;
    const body = lines.map((line) => ' '.repeat(indent) + line);
    return first.length + 2 > indent ? [first, ...body] : [first.padEnd(indent) + (lines[0] ?? ''), ...body.slice(1)];
  });
}

function wrap(text: string, room: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
