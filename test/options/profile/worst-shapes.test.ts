import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { nearest } from '../../../src/core/nearest.ts';
import { splitForShell, splitForWindows } from '../../../src/options/profile/split-command-line.ts';
import { parseAwsConfig, parseAwsCredentials } from '../../../src/options/profile/aws-config.ts';
import { readProcessLine } from '../../../src/options/profile/process-line.ts';
import { parseCertSelector } from '../../../src/options/resolve/cert-selector.ts';
import { writeProfile } from '../../../src/outputs/update/write-profile.ts';

/** One MiB of each: work that grows with the square takes minutes to hours with these. */
const size = 1024 * 1024;
/** Seconds: ten times what the slowest takes on a busy machine, where work that grows with the square takes minutes. */
const fair = 10;

const fill = (piece: string, length = size): string => piece.repeat(Math.floor(length / piece.length));
const numbered = (make: (at: number) => string, count = size / 20): string =>
  [...Array(Math.floor(count)).keys()].map(make).join('');

const iniShapes: Record<string, string> = {
  'blanks in a value': `[a]\nx = ${fill(' ')}b\n`,
  'blanks in a key': `[a]\nx${fill(' ')}b\n`,
  'blanks before a key': `[a]\n${fill(' ')}x\n`,
  'blanks before and behind a header': `${fill(' ')}[a]${fill(' ')}x\naws_access_key_id = 1\n`,
  'blanks around an equals sign': `[a]\naws_access_key_id${fill(' ')}=${fill('\t')}1\n`,
  'blank lines': fill('\n'),
  'blank lines with blanks': `[b]\nx = 1${fill('\n ')}`,
  'carriage returns': `[a]\nx = ${fill('\r')}b`,
  'sections of one name': fill('[a]\naws_access_key_id = 1\n'),
  'sections of one name with other keys': fill('[a]\nx = 1\n'),
  'sections of one name with blanks': fill('[ a ]\nx = 1\n'),
  'sections of many names': numbered((at) => `[p${at}]\nx = 1\n`),
  'profiles of many names': numbered((at) => `[profile p${at}]\nx = 1\n`),
  'one key often': `[a]\n${fill('aws_access_key_id = 1\n')}`,
  'one key often, indented': `[a]\n${fill(' aws_access_key_id = 1\n')}`,
  'many keys': `[a]\n${numbered((at) => `k${at} = 1\n`)}`,
  'a group of many keys': `[a]\ns3 =\n${numbered((at) => `  k${at} = 1\n`)}`,
  'ever deeper lines': `[a]\n${numbered((at) => `${' '.repeat(at)}k =\n`, 1400)}`,
  'signs of comments': `[a]\nx = ${fill(' ;#')}`,
  'equals signs': `[a]\n${fill('=')}`,
  'opening brackets': fill('['),
  'closing brackets': `[a${fill(']')}`,
  'a long name': `[profile "${fill('a')}"]\nx = 1\n`,
  'words in a header': `[profile ${fill('a b ')}]\nx = 1\n`,
  'quotes in a header': `[profile ${fill('"\'')}]\nx = 1\n`,
  'backslashes in a header': `[profile ${fill('\\')}]\nx = 1\n`,
  'a command over many lines': `[profile a]\ncredential_process = x \\\n${fill('  --a b \\\n', size / 10)}`,
};

const credentials = { accessKeyId: 'A', secretAccessKey: 's', sessionToken: 't', expiration: new Date(0) };

const readers: Record<string, (text: string) => unknown> = {
  parseAwsConfig,
  parseAwsCredentials,
  writeProfile: (text) => writeProfile(text, 'a', credentials),
};

/** What it takes of the processor: others may use this machine too. */
function secondsOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000_000;
}

describe.each(Object.entries(readers))('%s takes a MiB of any shape in its stride', (_, read) => {
  test.each(Object.entries(iniShapes))('%s', (_name, text) => {
    expect(secondsOf(() => read(text))).toBeLessThan(fair);
  });
});

test.each<[string, () => unknown]>([
  ['quoted', () => splitForShell(`"${fill('a')}"`)],
  ['a quote that is not closed', () => splitForShell(`"${fill('a')}`)],
  ['escaped', () => splitForShell(`"${fill('\\a')}"`)],
  ['empty quotes', () => splitForShell(fill('""'))],
  ['backslashes', () => splitForWindows(fill('\\'))],
  ['backslashes apart', () => splitForWindows(fill('\\ '))],
])('a command line of a MiB: %s', (_, split) => {
  expect(secondsOf(split)).toBeLessThan(fair);
});

test.each<[string, string]>([
  ['flags that nobody knows', '--nope '],
  ['one flag again and again', '--assume-role x '],
  ['words', 'x '],
  ['names of profiles', '--from-profile x '],
])('a credential_process line of a MiB: %s', (_, piece) => {
  const line = `roles-anywhere credential-process ${fill(piece)}`;
  const said: unknown[] = [];
  const readIt = () => {
    try {
      readProcessLine(line, 'p');
    } catch (error) {
      said.push(error);
    }
  };
  expect(secondsOf(readIt)).toBeLessThan(fair);
  expect(said.every((error) => error instanceof RolesAnywhereError)).toBe(true);
});

test('a selector of many blanks', () => {
  const text = `Key=x509Subject,Value=CN=a${fill(' ')}b`;
  expect(secondsOf(() => parseCertSelector(text, '--cert-selector'))).toBeLessThan(fair);
});

test('a name of a MiB is near to none', () => {
  const names = [...Array(100).keys()].map((at) => `roles_anywhere_${at}`);
  expect(secondsOf(() => nearest(fill('roles_anywhere_'), names))).toBeLessThan(1);
  expect(nearest(fill('a'), names)).toBeUndefined();
});
