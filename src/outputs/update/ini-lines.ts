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
  for (const { text: whole, end } of rawLines(text)) {
    const { indent, counts, header, key, assignment } = readLine(whole, lines.length === 0);
    const isContinuation = counts && option !== undefined && indent > option;
    if (header !== undefined || (indent === 0 && assignment !== undefined)) group = undefined;
    // One by one: V8 of Node 20 takes ten microseconds for `...line`.
    lines.push({ text: whole, end, indent, counts, header, key, isContinuation, group: counts ? group : undefined });
    if (counts && !isContinuation) option = header === undefined ? indent : undefined;
    if (assignment === '') group = key;
  }
  return lines;
}

function* rawLines(text: string): Generator<Pick<IniLine, 'text' | 'end'>> {
  for (let start = 0, next = 0; start < text.length; start = next) {
    const at = text.indexOf('\n', start);
    next = at === -1 ? text.length : at + 1;
    const end = at === -1 ? '' : text.charAt(at - 1) === '\r' && at > start ? '\r\n' : '\n';
    yield { text: text.slice(start, next - end.length), end };
  }
}

function readLine(whole: string, isFirst: boolean) {
  const text = isFirst ? whole.replace(byteOrderMark, '') : whole;
  const indent = /^[ \t\f\v\r]*/.exec(text)?.[0].length ?? 0;
  const body = text.slice(indent);
  if (body === '') return { indent, counts: false, header: undefined, key: undefined, assignment: undefined };
  const counts = /^[^;#]/.test(body);
  const header = /^\[([^\]]+)\]/.exec(body)?.[1];
  const isSetting = counts && header === undefined;
  return {
    indent,
    counts,
    header,
    key: isSetting ? keyOf(body) : undefined,
    /** What the SDK for JavaScript takes for the value. */
    assignment: isSetting ? /^[^=]+=(.*)$/s.exec(withoutComment(body))?.[1]?.trim() : undefined,
  };
}

/** Without a regular expression, which looks at each of many blanks once for every one before it. */
function keyOf(body: string): string | undefined {
  const mark = body.search(/[=:]/);
  let end = mark;
  while (end > 0 && ' \t'.includes(body.charAt(end - 1))) end -= 1;
  return end < 1 ? undefined : body.slice(0, end).toLowerCase();
}

/** A comment may follow a value, after a blank; Python's reader takes it for a part of the value. */
function withoutComment(body: string): string {
  return body.replace(/[ \t][;#].*$/s, '');
}
