import type { OptionRow } from '../schema/option.ts';

/** Something on a command line that cannot be used. explain-faults.ts puts it in words. */
export type FlagFault =
  | { readonly kind: 'unknown'; readonly argument: string; readonly after: Preceding }
  | { readonly kind: 'word'; readonly argument: string; readonly after: Preceding }
  | { readonly kind: 'value-missing'; readonly row: OptionRow; readonly next: string | undefined }
  | { readonly kind: 'line-break'; readonly after: Preceding }
  | { readonly kind: 'typographic-quote'; readonly row: OptionRow };

/** The last flag before: what stands there may belong to its value. */
export type Preceding = OptionRow | 'unknown' | undefined;

export interface ParsedFlags {
  /** Texts by flag. Only a list has more than one: of anything else the last one counts. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
  readonly faults: readonly FlagFault[];
}

/**
 * Reads a command's arguments over its rows, in the forms of pflag that the official helper takes: `--flag value`,
 * `--flag=value`, `--switch`, `--switch=false`, `--` before words, the last one of several.
 *
 * Own lines in place of `node:util` parseArgs, which takes a millisecond to load and cannot tell a value from the
 * flag that follows a flag without one; a property test holds the two equal where both have an answer.
 *
 * @param takesWords `after` for words that are another program's arguments: from the first one on, all are words
 */
export function parseFlags(
  args: readonly string[],
  rows: readonly OptionRow[],
  takesWords: boolean | 'after',
): ParsedFlags {
  const given = new Map<string, string[]>();
  const words: string[] = [];
  const faults: FlagFault[] = [];
  let after: Preceding;

  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if (argument === '--' || (takesWords === 'after' && !looksLikeFlag(argument))) {
      const rest = args.slice(argument === '--' ? at + 1 : at);
      if (takesWords) words.push(...rest);
      else if (rest.length > 0) takeWord(argument);
      break;
    }
    if (isLineBreak(argument)) {
      faults.push({ kind: 'line-break', after });
    } else if (!looksLikeFlag(argument)) {
      takeWord(argument);
    } else {
      const { row, value } = findFlag(argument, rows);
      if (row === undefined) faults.push({ kind: 'unknown', argument, after });
      else if (row.kind === 'boolean' || value !== undefined) give(row, value ?? 'true');
      else if (isValue(args[at + 1], row, rows)) give(row, args[(at += 1)] ?? '');
      else faults.push({ kind: 'value-missing', row, next: args[at + 1] });
      after = row ?? 'unknown';
    }
  }
  return { given, words, faults };

  function takeWord(argument: string): void {
    if (takesWords) words.push(argument);
    else faults.push({ kind: 'word', argument, after });
  }

  function give(row: OptionRow, text: string): void {
    // A password may well end in a backslash.
    if (row.secret !== true && /^[\u2018-\u201F]/.test(text)) faults.push({ kind: 'typographic-quote', row });
    const isBroken = row.multiline ? /\\[\r\n]*$/.test(text) : isLineBreak(text) || /[\\\r\n]$/.test(text);
    if (row.secret === true ? isLineBreak(text) : isBroken) faults.push({ kind: 'line-break', after: row });
    const list = row.kind === 'list' ? given.get(row.flag) : undefined;
    if (list === undefined) given.set(row.flag, [text]);
    else list.push(text);
  }
}

/** Also with the dashes that word processors make of `-`, which no command line tool takes for one. */
function looksLikeFlag(argument: string): boolean {
  return /^[-\u2010-\u2015\u2212]{1,2}[A-Za-z]/.test(argument);
}

function findFlag(argument: string, rows: readonly OptionRow[]): { row: OptionRow | undefined; value?: string } {
  const equals = argument.indexOf('=');
  const name = equals === -1 ? argument : argument.slice(0, equals);
  const row = name.startsWith('--')
    ? rows.find((row) => row.flag === name.slice(2))
    : rows.find((row) => row.short === name.slice(1));
  return equals === -1 ? { row } : { row, value: argument.slice(equals + 1) };
}

/** Whether what follows a flag is its value and not the next flag. A password may begin with a dash. */
function isValue(next: string | undefined, row: OptionRow, rows: readonly OptionRow[]): boolean {
  if (next === undefined) return false;
  if (!looksLikeFlag(next)) return true;
  return row.secret === true && findFlag(next, rows).row === undefined;
}

/**
 * What a line continued with a backslash leaves behind, for `credential_process` has no continuation: the SDK for
 * JavaScript takes the first line, and its shell hands on the backslash; botocore escapes the line break with it.
 */
function isLineBreak(argument: string): boolean {
  return argument === '\\' || /^\\?[\r\n]/.test(argument) || /\\[\r\n]+$/.test(argument);
}
