import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { byteOrderMark, type IniLine, readIniLines } from './ini-lines.ts';

/** A credentials file after the change, and what its readers will stumble over all the same. */
export interface WrittenProfile {
  readonly text: string;
  readonly warnings: readonly string[];
}

/** Lines of one section, by their numbers: the header, and the first one after the last. */
interface Section {
  readonly header: number;
  readonly end: number;
}

/** By the names of the keys. */
type Values = ReadonlyMap<string, string>;

/**
 * Puts credentials into a profile of `~/.aws/credentials` so that the AWS CLI, boto3 and the SDK for JavaScript read
 * them, and leaves every other byte as it is.
 *
 * The keys are written where they stand. Where one of these readers would not look, they move up to the header. Those
 * that are there twice go: Python's reader refuses a file with a key given twice, and of the two the other one reads
 * the last. A comment behind a value becomes a line of its own, for Python's reader takes it for a part of the value.
 * `[ name ]` becomes `[name]`: it is a profile of another name to both. What is indented below a line that moves away
 * stands for itself, and is no part of the key above.
 *
 * @param text one character a byte (Latin-1)
 * @throws RolesAnywhereError RESPONSE_INVALID for credentials that an ini file cannot hold
 */
export function writeProfile(text: string, profile: string, credentials: Credentials): WrittenProfile {
  const name = Buffer.from(profile).toString('latin1');
  const values = valuesOf(credentials);
  const lines = readIniLines(text);
  const [main, ...copies] = sectionsOf(lines, name);
  const warnings = [...warnOfMark(text), ...warnOfWords(profile)];
  if (main === undefined) return { text: text + newSection(text, name, values), warnings };

  const keys = new Set([main, ...copies].flatMap((section) => keyLines(lines, section, values)));
  const emptied = copies.filter((copy) => !inside(copy).some((at) => lines[at]?.counts && !keys.has(at)));
  const ours = new Set([...keys, ...emptied.map(({ header }) => header)]);
  const places = placesToKeep(lines, ours, main);
  const freed = freedLines(lines, ours, places);
  /** Whether another line sets the same; of those that are freed, the last one does. */
  const isTaken = (at: number): boolean =>
    inside(main).some((other) => {
      const counts = other !== at && !ours.has(other) && (other > at || !freed.has(other));
      return counts && lines[other]?.key === lines[at]?.key;
    });
  const edited = lines.map((line, at) => {
    const above = freed.get(at);
    if (above !== undefined) return freedLine(line, above, isTaken(at));
    if (at === main.header) return headerLine(line, name) + line.end;
    if (!ours.has(at)) return line.text + line.end;
    if (line.header !== undefined) return commentOf(line);
    return places.has(at) ? settingLine(line, values) : '';
  });
  insertMissing(edited, { lines, ours, places, main, values, lineEnd: lineEndOf(text) });
  const isTwice = copies.length > emptied.length;
  return { text: edited.join(''), warnings: [...warnings, ...(isTwice ? [twice(profile)] : [])] };
}

/** `aws_security_token` is an old name that botocore looks at first: it is set where it stands, and never added. */
function valuesOf({ accessKeyId, secretAccessKey, sessionToken }: Credentials): Values {
  const values = new Map([
    ['aws_access_key_id', accessKeyId],
    ['aws_secret_access_key', secretAccessKey],
    ['aws_session_token', sessionToken],
    ['aws_security_token', sessionToken],
  ]);
  for (const [key, value] of values) {
    // Printable characters of ASCII, and nothing at the beginning that would make a comment of it.
    if (/^[!-~]+$/.test(value) && !/^[;#]/.test(value)) continue;
    throw new RolesAnywhereError('RESPONSE_INVALID', `the service's ${key} holds characters that no ini file can hold`);
  }
  return values;
}

/** The sections of a name, the one that readers know by it first. */
function sectionsOf(lines: readonly IniLine[], name: string): readonly Section[] {
  const headers = lines.flatMap(({ header }, at) => (header === undefined ? [] : [at]));
  const sections = headers.map((header, index) => ({ header, end: headers[index + 1] ?? lines.length }));
  const named = sections.filter(({ header }) => lines[header]?.header?.trim() === name);
  const exact = named.find(({ header }) => lines[header]?.header === name);
  return exact === undefined ? named : [exact, ...named.filter((section) => section !== exact)];
}

function inside({ header, end }: Section): readonly number[] {
  return Array.from({ length: end - header - 1 }, (_, index) => header + 1 + index);
}

/** The lines that one kind of reader at least takes for a key of ours, or would once what they hang from has a value. */
function keyLines(lines: readonly IniLine[], section: Section, values: Values): readonly number[] {
  return inside(section).filter((at) => {
    const line = lines[at];
    const isOfGroup = line?.isContinuation && line.group !== undefined && !values.has(line.group);
    return line?.key !== undefined && values.has(line.key) && !isOfGroup;
  });
}

/** The first line of each key, unless one of them stands where not every reader finds it, or finds more: then none. */
function placesToKeep(lines: readonly IniLine[], ours: ReadonlySet<number>, main: Section): ReadonlySet<number> {
  const firsts = new Map<string, number>();
  for (const at of [...ours].filter((at) => at < main.end && at > main.header)) {
    const key = lines[at]?.key;
    if (key !== undefined && !firsts.has(key)) firsts.set(key, at);
  }
  const places = new Set(firsts.values());
  const isSound = (at: number): boolean => {
    const line = lines[at];
    const next = lines.find((other, index) => index > at && other.counts && (places.has(index) || !ours.has(index)));
    return line !== undefined && !line.isContinuation && line.group === undefined && (next?.indent ?? 0) <= line.indent;
  };
  return [...places].every(isSound) ? places : new Set();
}

/**
 * Lines that hang from one of ours that goes, by that one. The key above would take them for its own, to all readers:
 * where there is one, they stand for themselves from then on.
 */
function freedLines(
  lines: readonly IniLine[],
  ours: ReadonlySet<number>,
  places: ReadonlySet<number>,
): ReadonlyMap<number, IniLine> {
  const freed = new Map<number, IniLine>();
  let gone: IniLine | undefined;
  let hasKeyAbove = false;
  for (const [at, line] of lines.entries()) {
    if (!line.counts) continue;
    if (line.header !== undefined) [gone, hasKeyAbove] = [undefined, false];
    else if (gone !== undefined && line.indent > gone.indent) {
      if (!ours.has(at) && hasKeyAbove) freed.set(at, gone);
    } else {
      gone = ours.has(at) && !places.has(at) ? line : undefined;
      hasKeyAbove ||= gone === undefined;
    }
  }
  return freed;
}

/** As deep as the line that it hung from; as a comment where it sets nothing, or what is set elsewhere. */
function freedLine(line: IniLine, gone: IniLine, isSetElsewhere: boolean): string {
  const mark = line.key === undefined || isSetElsewhere ? '# ' : '';
  return `${gone.text.slice(0, gone.indent)}${mark}${line.text.slice(line.indent)}${line.end}`;
}

/** As it stands, where all readers know the profile by it. */
function headerLine({ text, header, isContinuation }: IniLine, name: string): string {
  const [, before = '', , after = ''] = /^([^[]*)\[([^\]]*)\](.*)$/s.exec(text) ?? [];
  const isEnd = /^[ \t\r]*([ \t][;#].*)?$/s.test(after);
  if (header === name && !isContinuation && isEnd) return text;
  const mark = before.startsWith(byteOrderMark) ? byteOrderMark : '';
  return `${mark}[${name}]${isEnd ? after : ` # ${after.trim()}`}`;
}

/** The line with another value, and with the blanks around the equals sign that it had. */
function settingLine(line: IniLine, values: Values): string {
  const [, indent = '', before = '', after = '', old = ''] =
    /^([ \t]*)[^=:]+?([ \t]*)[=:]([ \t]*)(.*)$/s.exec(line.text) ?? [];
  const key = line.key ?? '';
  const comment = /(?:^|[ \t])([;#].*)$/s.exec(after + old)?.[1] ?? '';
  const blank = old === '' ? before : after;
  const above = comment === '' ? '' : `${indent}${comment}${line.end === '' ? '\n' : line.end}`;
  return `${above}${indent}${key}${before}=${blank}${values.get(key)}${line.end}`;
}

/** What is left of a header that goes. */
function commentOf(line: IniLine): string {
  const after = line.text.slice(line.text.indexOf(']') + 1);
  return after.trim() === '' ? '' : `${after.trim().replace(/^(?![;#])/, '# ')}${line.end}`;
}

interface Edit {
  readonly lines: readonly IniLine[];
  /** Lines that go, but for those that are `places`: our keys, and headers with nothing else below them. */
  readonly ours: ReadonlySet<number>;
  readonly places: ReadonlySet<number>;
  readonly main: Section;
  readonly values: Values;
  readonly lineEnd: string;
}

/** Behind the last of our keys, or else right after the header; as deep as what stands there, so that nothing is swallowed. */
function insertMissing(edited: string[], { lines, ours, places, main, values, lineEnd }: Edit): void {
  const present = new Set([...places].map((at) => lines[at]?.key));
  const wanted = [...ours].some((at) => lines[at]?.key === 'aws_security_token') ? 4 : 3;
  const missing = [...values].slice(0, wanted).filter(([key]) => !present.has(key));
  if (missing.length === 0) return;
  const at = Math.max(main.header, ...places);
  const model = places.has(at) ? lines[at] : lines.find((line, index) => index > at && line.counts && !ours.has(index));
  const indent = model?.text.slice(0, model.indent) ?? '';
  const before = lines[at]?.end === '' ? lineEnd : '';
  edited[at] += before + missing.map(([key, value]) => `${indent}${key} = ${value}${lineEnd}`).join('');
}

function newSection(text: string, name: string, values: Values): string {
  const lineEnd = lineEndOf(text);
  const end = text === '' || text === byteOrderMark || text.endsWith('\n') ? '' : lineEnd;
  const isApart = text === byteOrderMark || text.trim() === '' || /\n[ \t]*\r?\n$/.test(text + end);
  const settings = [...values].slice(0, 3).map(([key, value]) => `${key} = ${value}${lineEnd}`);
  return [end, isApart ? '' : lineEnd, `[${name}]${lineEnd}`, ...settings].join('');
}

/** That of the first line. */
function lineEndOf(text: string): string {
  return /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
}

function warnOfMark(text: string): readonly string[] {
  return text.startsWith(byteOrderMark)
    ? ['it begins with a byte order mark, with which the AWS CLI and boto3 cannot read it']
    : [];
}

/** A header of two words is one of another kind of section to the SDK for JavaScript. */
function warnOfWords(profile: string): readonly string[] {
  return /^[\w-]+\s(["'])?[\w\-@+.%:/]+\1$/.test(profile)
    ? [`the SDK for JavaScript passes over [${profile}], for the blank in its name`]
    : [];
}

function twice(profile: string): string {
  return `it has more than one section [${profile}], with which the AWS CLI and boto3 cannot read it`;
}
