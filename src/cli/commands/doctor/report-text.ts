import { fstatSync } from 'node:fs';
import type { CheckResult, CheckStatus, DoctorReport, Finding } from '../../../doctor/report.ts';
import { printable } from '../../terminal/printable.ts';

/** How a report is written. */
export interface Style {
  /** Escape sequences of ECMA-48, or none. */
  readonly colours: boolean;
  /** Columns; undefined where lines stay as long as they are. */
  readonly width: number | undefined;
}

/** For a terminal colour and width, for everything else neither; NO_COLOR and FORCE_COLOR have the last word. */
export function styleOf(env: Readonly<Record<string, string | undefined>>): Style {
  // node:tty takes longer to load than to ask the descriptor.
  const isTerminal = fstatSync(1).isCharacterDevice();
  const colours = env['NO_COLOR']
    ? false
    : env['FORCE_COLOR']
      ? env['FORCE_COLOR'] !== '0'
      : isTerminal && env['TERM'] !== 'dumb';
  return { colours, width: isTerminal ? Math.max(60, process.stdout.columns || 80) : undefined };
}

const colourOf: Readonly<Record<CheckStatus, number>> = { FAIL: 31, WARN: 33, PASS: 32, SKIP: 2 };

const indent = 22;

/** The lines of one check: its first finding beside the name, the others and all hints below. */
export function linesOf(
  result: CheckResult,
  { style, quiet }: { readonly style: Style; readonly quiet: boolean },
): string {
  const findings = quiet ? result.findings.filter(isBad) : result.findings;
  if (findings.length === 0) return '';
  const name = result.target === undefined ? result.name : `${result.name} (${result.target})`;
  return findings.map((finding, at) => findingLines(finding, at === 0 ? name : '', style)).join('');
}

const isBad = ({ status }: Finding): boolean => status === 'FAIL' || status === 'WARN';

function findingLines({ status, message, hints }: Finding, name: string, style: Style): string {
  const mark = style.colours ? `\u001b[${colourOf[status]}m${status}\u001b[0m` : status;
  const head = `${mark}  ${name.padEnd(indent - 7)} `;
  const body = wrapped(printable(message), style);
  const first = `${head}${body[0] ?? ''}`;
  const rest = [...body.slice(1), ...hints.flatMap((hint) => wrapped(`-> ${printable(hint)}`, style))];
  return [first, ...rest.map((line) => `${' '.repeat(indent)}${line}`)].map((line) => `${line.trimEnd()}\n`).join('');
}

function wrapped(text: string, { width }: Style): readonly string[] {
  if (width === undefined) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width - indent)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** What it comes to, and that it can be shown to others. */
export function closingLines({ checks }: DoctorReport, { colours }: Style): string {
  const count = (status: CheckStatus): number => checks.filter((check) => check.status === status).length;
  const [failures, warnings] = [count('FAIL'), count('WARN')];
  const sum =
    failures + warnings === 0
      ? 'no issues found'
      : [failures > 0 ? [`${failures} failed`] : [], warnings > 0 ? [`${warnings} with warnings`] : []]
          .flat()
          .join(', ');
  const text = `${sum}, ${count('PASS')} passed, ${count('SKIP')} skipped`;
  const note = 'Nothing above is secret: it can be pasted into a ticket.';
  return `\n${colours ? `\u001b[1m${text}\u001b[0m` : text}\n${note}\n`;
}
