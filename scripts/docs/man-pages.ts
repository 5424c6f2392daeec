import type { Command } from '../../src/cli/command.ts';
import { environmentName, type OptionRow, profileKeyName } from '../../src/options/schema/option.ts';
import { helpTextOf } from '../../src/options/schema/shared-options.ts';

/** What the head of each page says. */
interface Edition {
  readonly version: string;
  /** `2026-01-15` */
  readonly date: string;
}

/** File names and texts, in the macros of man(7): a page for the program and one for each command. */
export function manPages(commands: readonly Command[], edition: Edition): ReadonlyMap<string, string> {
  const pages = commands.map(
    (command) => [`roles-anywhere-${command.name}.1`, page(command, commands, edition)] as const,
  );
  return new Map([['roles-anywhere.1', programPage(commands, edition)], ...pages]);
}

function programPage(commands: readonly Command[], edition: Edition): string {
  return [
    ...head('roles-anywhere', 'AWS credentials for a certificate by IAM Roles Anywhere', edition),
    '.B roles-anywhere',
    String.raw`.I command`,
    '[options]',
    '.SH COMMANDS',
    ...commands.flatMap(({ name, summary }) => [
      '.TP',
      `.BR roles\\-anywhere\\-${text(name)} (1)`,
      `${sentence(summary)}.`,
    ]),
    '.SH ENVIRONMENT',
    'Every option can be given by a variable and by a key of a profile; the page of the command names them.',
    '.SH FILES',
    '.TP',
    String.raw`.I ~/.aws/config`,
    String.raw`Profiles for \fB\-\-from\-profile\fR; AWS_CONFIG_FILE names another file.`,
    '.SH EXIT STATUS',
    '0 when all went well, 2 for options that are wrong; the documentation lists the others with their errors.',
    '',
  ].join('\n');
}

function page(command: Command, commands: readonly Command[], edition: Edition): string {
  const { name, summary, description, examples = [], word, program } = command;
  return [
    ...head(`roles-anywhere-${name}`, summary, edition),
    `.B roles\\-anywhere ${text(name)}`,
    ...(word === undefined
      ? []
      : [text(word.optional === true ? `[${word.choices.join('|')}]` : word.choices.join('|'))]),
    '[options]',
    ...(program === undefined ? [] : [text(`[-- ${program}]`)]),
    '.SH DESCRIPTION',
    text(description ?? `${sentence(summary)}.`),
    '.SH OPTIONS',
    ...command.options.flatMap((row) => option(row)),
    ...(examples.length === 0
      ? []
      : ['.SH EXAMPLES', ...examples.flatMap((line) => ['.nf', text(line), '.fi', '.sp'])]),
    '.SH SEE ALSO',
    ...seeAlso(name, commands),
    '',
  ].join('\n');
}

function head(name: string, summary: string, { version, date }: Edition): readonly string[] {
  const title = `.TH ${name.toUpperCase()} 1 "${date}" "roles\\-anywhere ${version}" "IAM Roles Anywhere"`;
  return [
    title.replaceAll(/(?<=[A-Z])-/g, String.raw`\-`),
    '.SH NAME',
    `${text(name)} \\- ${text(summary)}`,
    '.SH SYNOPSIS',
  ];
}

function option(row: OptionRow): readonly string[] {
  const { help, placeholder } = helpTextOf(row);
  const short = row.short === undefined ? '' : `\\fB\\-${row.short}\\fR, `;
  const value = placeholder === undefined ? '' : ` \\fI${text(placeholder)}\\fR`;
  const sources = row.flagOnly === true ? [] : [environmentName(row), ...(row.environment ?? []), profileKeyName(row)];
  return [
    '.TP',
    `${short}\\fB\\-\\-${text(row.flag)}\\fR${value}`,
    text([help, ...consequences(row)].join(' ')),
    ...(sources.length === 0 ? [] : ['.br', text(`Also: ${sources.join(', ')}.`)]),
  ];
}

function consequences(row: OptionRow): readonly string[] {
  return [
    ...(row.kind === 'list' ? ['May be given more than once.'] : []),
    ...(row.choices === undefined ? [] : [`One of ${row.choices.join(', ')}.`]),
    ...(row.range === undefined || row.range[1] > 65_535 ? [] : [`From ${row.range[0]} to ${row.range[1]}.`]),
    ...(row.fallback === undefined ? [] : [`Default: ${row.fallback}.`]),
  ];
}

function seeAlso(name: string, commands: readonly Command[]): readonly string[] {
  const others = ['', ...commands.map((one) => `-${one.name}`)].filter((one) => one !== `-${name}`);
  return others.map((one, index) => `.BR ${text(`roles-anywhere${one}`)} (1)${index < others.length - 1 ? ',' : ''}`);
}

function sentence(summary: string): string {
  return text(`${summary[0]?.toUpperCase()}${summary.slice(1)}`);
}

/** A line of text as roff takes it: its escapes, its dashes, and no control line where it begins with a dot or a quote. */
function text(line: string): string {
  return line
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replace(/^[.']/, String.raw`\&$&`);
}
