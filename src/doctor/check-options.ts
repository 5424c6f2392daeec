import { readFile } from '../core/fs/read-file.ts';
import { shownOption } from '../options/explain/shown-option.ts';
import type { OptionValues } from '../options/parse/option-values.ts';
import { configPath } from '../options/profile/aws-files.ts';
import { environmentName, type OptionRow } from '../options/schema/option.ts';
import { failed, pass, skip, warn } from './finding.ts';
import type { Check, Examination } from './examination.ts';
import type { Finding } from './report.ts';

/** Which options count, and who gave each of them. */
export const checkOptions: Check = {
  name: 'options',
  async run({ subject: { values, problems, request }, context: { environment } }) {
    const own = problems.filter(({ code }) => !isOfArns(code)).map((problem) => failed(problem));
    if (values === undefined) return own.length > 0 ? own : [skip('the request was made by a program')];
    const lines = await profileLines(environment);
    const origin = (flag: string): string => {
      const place = values.origin(flag);
      return lines(place) ?? (place in environment ? `the environment variable ${place}` : place);
    };
    return [
      ...own,
      ...warningsOf(values),
      ...values.rows
        .filter(isOfPath)
        .map((row) => pass(`${row.flag} is ${shownOption(row, values)}, from ${origin(row.flag)}`)),
      ...(values.rows.length === 0 && request === undefined ? [skip('no option was given')] : []),
    ];
  },
};

/** Not what says how the report is to be. */
function isOfPath({ flagOnly, flag }: OptionRow): boolean {
  return flagOnly !== true || flag === 'from-profile';
}

/** Of the three ARNs; `arns` tells them. */
export function isOfArns(code: string): boolean {
  return code.startsWith('ARN_');
}

function warningsOf(values: OptionValues): Finding[] {
  const isOnLine = ({ flag, secret }: { flag: string; secret?: boolean | undefined }): boolean =>
    secret === true && values.origin(flag) === `--${flag}` && values.text(flag) !== '';
  const isGiven = (flag: string): boolean => values.rows.some((row) => row.flag === flag);
  return [
    ...values.warnings.map((message) => warn('profile-form', message)),
    ...(isGiven('no-verify-ssl') && values.isOn('no-verify-ssl')
      ? [
          warn(
            'no-verify-ssl',
            `${values.origin('no-verify-ssl')}: the certificate of the endpoint is not checked`,
            'name the CA by --ca-bundle in its place',
          ),
        ]
      : []),
    ...values.rows
      .filter((row) => isOnLine(row))
      .map(({ flag }) =>
        warn(
          'secret-in-arguments',
          `--${flag} stands on the command line, where every user of this machine can read it`,
          `give it by ${environmentName({ flag })}, or by --${flag}-file`,
        ),
      ),
  ];
}

type Lines = (origin: string) => string | undefined;

/** Where a key of a profile stands, by what messages call it: `region of profile on-prem`. */
async function profileLines(environment: Examination['context']['environment']): Promise<Lines> {
  let path: string;
  let lines: readonly string[];
  try {
    path = configPath(environment);
    lines = (await readFile(path, { bytes: 16 * 1024 * 1024 })).bytes.toString().split(/\r?\n/);
  } catch {
    return () => undefined;
  }
  return (origin) => {
    const [, key, name] = /(\S+) of profile (.+)$/.exec(origin) ?? [];
    const number = key === undefined || name === undefined ? 0 : lineOf(lines, key, name);
    return number === 0 ? undefined : `${origin}, ${path} line ${number}`;
  };
}

/** Counted from 1; 0 where it is in the other file, or written in a way that is not looked for here. */
function lineOf(lines: readonly string[], key: string, profile: string): number {
  const names = [profile, `"${profile}"`, `'${profile}'`];
  const headers = new Set([`[${profile}]`, ...names.map((name) => `[profile ${name}]`)]);
  const begin = lines.findIndex((line) => headers.has(line.trim().replace(/\s+/g, ' ')));
  if (begin === -1) return 0;
  const length = lines.slice(begin + 1).findIndex((line) => line.startsWith('['));
  const section = lines.slice(begin + 1, length === -1 ? undefined : begin + 1 + length);
  const at = section.findIndex((line) => line.split('=', 1)[0]?.trim() === key);
  return at === -1 ? 0 : begin + at + 2;
}
