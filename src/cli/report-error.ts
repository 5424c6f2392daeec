import { factsOf } from '../core/error-facts.ts';
import { describeError } from '../core/describe-error.ts';
import { RolesAnywhereError } from '../core/errors.ts';
import { systemCodeOf } from '../core/errno.ts';
import { systemFactsOf } from '../core/system-errors.ts';
import type { Terminal } from './command.ts';
import { printable } from './terminal/printable.ts';

/**
 * Writes an error for a person and gives the exit status for a program.
 *
 * @param argv looked at for `--debug`: the error may be that the arguments cannot be read
 */
export function reportError(error: unknown, argv: readonly string[], terminal: Terminal): number {
  const known = error instanceof RolesAnywhereError ? error : unforeseen(error);
  terminal.tellWarnings();
  terminal.log(`roles-anywhere: ${lineOf(known.message)}`);
  for (const hint of known.hints) terminal.log(`hint: ${lineOf(hint)}`);
  if (wantsDebug(argv, terminal)) for (const line of details(known)) terminal.log(line);
  return factsOf(known).exit;
}

/** What is longer is no name and no value, and somebody's terminal or log is to stay readable. */
const longestLine = 8000;

function lineOf(text: string): string {
  const beginning = printable(text.slice(0, longestLine));
  return text.length > longestLine ? `${beginning}… (${text.length} characters)` : beginning;
}

function wantsDebug(argv: readonly string[], terminal: Terminal): boolean {
  // What stands behind -- is for another program.
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const given = own.findLast((argument) => /^--debug(=|$)/.test(argument));
  if (given !== undefined) return /^--debug(=(1|t|true))?$/i.test(given);
  return /^(1|t|true)$/i.test(terminal.env['ROLES_ANYWHERE_DEBUG'] ?? '');
}

/** What nobody threw on purpose. That the machine ran out of something may happen anywhere, and is no defect. */
function unforeseen(cause: unknown): RolesAnywhereError {
  const { means, hint } = systemFactsOf(systemCodeOf(cause)) ?? {};
  if (means === undefined) return defect(cause);
  return new RolesAnywhereError('FILE_FAILED', describeError(cause).message, {
    cause,
    hints: hint === undefined ? [] : [hint],
  });
}

/** Its message may quote anything, a key included, and is left to `--debug`. */
function defect(cause: unknown): RolesAnywhereError {
  const name = cause instanceof Error ? cause.name : typeof cause;
  return new RolesAnywhereError('INTERNAL', `this is a defect of roles-anywhere (${name})`, {
    cause,
    hints: ['please report it, with what --debug shows'],
  });
}

function details(error: RolesAnywhereError): readonly string[] {
  const lines = [`debug: code ${error.code}`];
  if (error.causeName !== undefined) lines.push(`debug: cause ${error.causeName}`);
  if (error.requestId !== undefined) lines.push(`debug: request id ${printable(error.requestId)}`);
  for (let cause = error.cause, depth = 0; cause !== undefined && depth < 8; depth += 1) {
    lines.push(`debug: caused by ${describe(cause)}`);
    lines.push(...framesOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return [...lines, ...framesOf(error)];
}

/**
 * Errors of parsers, of argument checks and of the operating system quote what they were given, which may be a secret:
 * of those name and code are enough, and of any that holds PEM.
 */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause;
  const code = 'code' in cause ? ` ${String(cause.code)}` : '';
  const isOfParser = cause instanceof SyntaxError || code.startsWith(' ERR_INVALID_') || 'syscall' in cause;
  const quotes = isOfParser || cause.message.includes('-----BEGIN');
  return printable(quotes ? `${cause.name}${code}` : `${cause.name}${code}: ${cause.message}`);
}

/** The stack without its first lines, which repeat the message. */
function framesOf(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack.split('\n').filter((line) => /^\s+at /.test(line));
}
