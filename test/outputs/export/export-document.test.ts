import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from '../../support/fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExportFormat, exportDocument, exportFormats } from '../../../src/outputs/export/export-document.ts';
import { exportCommand } from '../../../src/cli/commands/export/export.ts';
import { needs } from '../../support/programs.ts';
import { thrownBy } from '../../support/thrown.ts';

const now = new Date('2026-01-15T12:34:56Z');
const credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'wJalr/XUtnFEMI+K7',
  sessionToken: 'FwoGZXIvYXdzE/+a==',
  expiration: new Date('2026-01-15T13:34:56.789Z'),
};
const hostile = [
  `$(touch pwned) \`id\` "double" 'single'`,
  String.raw`back\slash \n \\ %PATH% !x! ^& | < > ; # ( ) [*] {a,b}`,
  '~root',
  '-n',
  ' leading and trailing ',
  'two\nlines',
  'carriage\rreturn\ttab',
  'a=b:~/c',
  `'"'"'`,
  '$HOME ${HOME} $Env:PATH `n',
  '\u201Ctypographic\u201D \u2018quotes\u2019 ключ 🔑',
];
const withSecret = (secretAccessKey: string) => ({ ...credentials, secretAccessKey });
const printed = (format: ExportFormat, secret = credentials.secretAccessKey) =>
  exportDocument(format, withSecret(secret), now);

test('the formats of the option are those that there are', () => {
  expect(exportCommand.options.find(({ flag }) => flag === 'format')?.choices).toEqual(exportFormats);
});

describe('the bytes of the AWS CLI where nothing needs quoting', () => {
  const values = [
    ['AWS_ACCESS_KEY_ID', 'ASIAEXAMPLE'],
    ['AWS_SECRET_ACCESS_KEY', 'wJalr/XUtnFEMI+K7'],
    ['AWS_SESSION_TOKEN', 'FwoGZXIvYXdzE/+a=='],
    ['AWS_CREDENTIAL_EXPIRATION', '2026-01-15T13:34:56Z'],
  ];
  test.each<[ExportFormat, (name?: string, value?: string) => string]>([
    ['env', (name, value) => `export ${name}=${value}\n`],
    ['env-no-export', (name, value) => `${name}=${value}\n`],
    ['powershell', (name, value) => `$Env:${name}="${value}"\n`],
    ['windows-cmd', (name, value) => `set ${name}=${value}\n`],
    ['fish', (name, value) => `set -gx ${name} "${value}"\n`],
  ])('%s', (format, line) => {
    expect(printed(format)).toBe(values.map(([name, value]) => line(name, value)).join(''));
  });

  test('process', () => {
    expect(JSON.parse(printed('process'))).toEqual({
      Version: 1,
      AccessKeyId: 'ASIAEXAMPLE',
      SecretAccessKey: 'wJalr/XUtnFEMI+K7',
      SessionToken: 'FwoGZXIvYXdzE/+a==',
      Expiration: '2026-01-15T13:34:56Z',
    });
    expect(printed('process')).toMatch(/^\{.*\}\n$/);
  });
});

describe.each(exportFormats)('%s', (format) => {
  test.each(['accessKeyId', 'secretAccessKey', 'sessionToken'])('nothing without %s', (member) => {
    expect(thrownBy(() => exportDocument(format, { ...credentials, [member]: '' }, now)).code).toBe('RESPONSE_EMPTY');
  });

  test('nothing that has expired', () => {
    const late = new Date('2026-01-15T13:34:57Z');
    expect(thrownBy(() => exportDocument(format, credentials, late)).code).toBe('RESPONSE_EXPIRED');
  });
});

/** Characters that mean something to one shell or another. */
const special = '\'"`$\\%!^&|<>;#()[]{}~*?= \t\n\r'.split('');

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'roles-anywhere-shells-'));
});
afterAll(() => rmSync(home, { recursive: true }));

/** The environment of a program that a shell starts after it has read the output, which comes by stdin. */
function readBy(shell: string, args: readonly string[], output: string): Record<string, string> {
  const listing = execFileSync(shell, args, {
    input: output,
    // fish keeps its settings there.
    env: { PATH: process.env['PATH'], HOME: home, LANG: 'C.UTF-8' },
  });
  const entries = listing.toString().split('\0').filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

const evalStdin = 'eval "$(cat; echo :)"; env -0';
describe.each<[string, ExportFormat, readonly string[]]>([
  ['sh', 'env', ['-c', evalStdin]],
  ['dash', 'env', ['-c', evalStdin]],
  ['bash', 'env', ['-c', evalStdin]],
  ['zsh', 'env', ['-fc', evalStdin]],
  ['sh', 'env-no-export', ['-c', `set -a; ${evalStdin}`]],
  ['fish', 'fish', ['-c', 'cat | source; env -0']],
])('%s reads --format %s', (shell, format, args) => {
  describe('with', needs(shell), () => {
    test.each(hostile)('%j', (secret) => {
      expect(readBy(shell, args, printed(format, secret))).toMatchObject({
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: secret,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        AWS_CREDENTIAL_EXPIRATION: '2026-01-15T13:34:56Z',
      });
    });

    test('many values at once', () => {
      const character = fc.oneof(
        fc.constantFrom(...special),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      );
      const value = fc
        .array(character, { minLength: 1, maxLength: 12 })
        .map((all) => all.join('').replaceAll('\0', '-'));
      const values = fc.sample(value, { numRuns: 200, seed: 7 });
      // One start of the shell for all of them: the variables are numbered.
      const script = values
        .map((secret, index) => printed(format, secret).replaceAll('AWS_', `V${index}_AWS_`))
        .join('');
      const read = readBy(shell, args, script);
      expect(values.map((_, index) => read[`V${index}_AWS_SECRET_ACCESS_KEY`])).toEqual(values);
    });
  });
});

/** A double-quoted string as PowerShell reads it (about_Quoting_Rules, about_Special_Characters). */
function readPowerShell(line: string): string {
  const [, body = ''] = /^\$Env:\w+=["\u201C-\u201E](.*)["\u201C-\u201E]$/su.exec(line) ?? [];
  if (/(^|[^`])(``)*[$"\u201C-\u201E\r\n]/su.test(body)) throw new Error(`PowerShell sees more than text in ${line}`);
  const escapes: Record<string, string> = { n: '\n', r: '\r' };
  return body.replaceAll(/`(.)/gsu, (_, character: string) => escapes[character] ?? character);
}

test.each(hostile)('PowerShell reads %j', (secret) => {
  const lines = printed('powershell', secret).split('\n');
  expect(lines).toHaveLength(5);
  expect(readPowerShell(lines[1] ?? '')).toBe(secret);
});

describe('windows-cmd', () => {
  test('puts quotes around what cmd.exe would see', () => {
    expect(printed('windows-cmd', 'a&b|c<d>e^f (g)')).toContain('set "AWS_SECRET_ACCESS_KEY=a&b|c<d>e^f (g)"\n');
  });

  test.each(['50%', '"', 'a!b', 'two\nlines', 'nul\0'])('refuses %j, and does not say it', (secret) => {
    const error = thrownBy(() => printed('windows-cmd', secret));
    expect(error).toMatchObject({
      code: 'OUTPUT_FAILED',
      message: '--format windows-cmd: AWS_SECRET_ACCESS_KEY holds a character that set cannot take',
    });
  });
});
