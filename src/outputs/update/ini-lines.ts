/** A line of an ini file with what its readers see in it. */
export interface IniLine {
  readonly text: string;
  /** `\n`, `\r\n`, or nothing at the end of the file. */
  readonly end: string;
  /** How many blanks it begins with. */
  readonly indent: number;
  /** False for blank lines and comments. */
  readonly counts: boolean;
  /** What stands between brackets, blanks and all; undefined for a line that is no header. */
  readonly header: string | undefined;
  /** What stands before `=` or `:`, in lower case; undefined for a line that sets nothing. */
  readonly key: string | undefined;
  /** Python's reader takes it for more of the value above, as it is indented deeper. */
  readonly isContinuation: boolean;
  /** The key above without a value that the SDK for JavaScript takes it for a part of. */
  readonly group: string | undefined;
}

/** As UTF-8 looks in Latin-1. */
export const byteOrderMark = '\u00EF\u00BB\u00BF';

/**
 * Reads lines as both kinds of readers do: Python's configparser, which the AWS CLI and boto3 use, and the reader of
 * the SDK for JavaScript.
 *
 * @param text one character a byte (Latin-1), so that what is no UTF-8 stays as it is
 */
export function readIniLines(text: string): readonly IniLine[] {
  const lines: IniLine[] = [];
  /** Indentation of the option whose value may go on; undefined after a header. */
  let option: number | undefined;
  let group: string | undefined;
  for (const [, whole = '', end = ''] of text.matchAll(/([^\n]*?)(\r?\n|$)/g)) {
    if (whole === '' && end === '') continue;
    const line = readLine(lines.length === 0 ? whole.replace(byteOrderMark, '') : whole);
    const isContinuation = line.counts && option !== undefined && line.indent > option;
    if (line.header !== undefined || (line.indent === 0 && line.assignment !== undefined)) group = undefined;
    lines.push({ ...line, text: whole, end, isContinuation, group: line.counts ? group : undefined });
    if (line.counts && !isContinuation) option = line.header === undefined ? line.indent : undefined;
    if (line.assignment === '') group = line.key;
  }
  return lines;
}

function readLine(text: string) {
  const indent = /^[ \t\f\v\r]*/.exec(text)?.[0].length ?? 0;
  const body = text.slice(indent);
  const counts = /^[^;#]/.test(body);
  const header = /^\[([^\]]+)\]/.exec(body)?.[1];
  const isSetting = counts && header === undefined;
  return {
    indent,
    counts,
    header,
    key: isSetting ? /^([^=:]+?)[ \t]*[=:]/.exec(body)?.[1]?.toLowerCase() : undefined,
    /** What the SDK for JavaScript takes for the value. */
    assignment: isSetting ? /^[^=]+=(.*)$/s.exec(withoutComment(body))?.[1]?.trim() : undefined,
  };
}

/** A comment may follow a value, after a blank; Python's reader takes it for a part of the value. */
function withoutComment(body: string): string {
  return body.replace(/[ \t][;#].*$/s, '');
}
