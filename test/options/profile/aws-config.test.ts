import { externalDataInterceptor, loadSharedConfigFiles } from '@smithy/shared-ini-file-loader';
import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { parseAwsConfig } from '../../../src/options/profile/aws-config.ts';
import { thrownBy } from '../../support/thrown.ts';

type Sections = Record<string, Record<string, string | undefined>>;

/** Ours, in the SDK's shape: profiles by name, services sections by `services.<name>`. */
function ours(text: string): Sections {
  const { profiles, services } = parseAwsConfig(text);
  return Object.fromEntries([
    ...[...profiles].map(([name, keys]) => [name, Object.fromEntries(keys)]),
    ...[...services].map(([name, keys]) => [`services.${name}`, Object.fromEntries(keys)]),
  ]);
}

/** What the SDK for JavaScript reads in a configuration file with that text. */
async function theirs(text: string): Promise<Sections> {
  externalDataInterceptor.interceptFile('config-of-the-test', text);
  externalDataInterceptor.interceptFile('credentials-of-the-test', '');
  const { configFile } = await loadSharedConfigFiles({
    configFilepath: 'config-of-the-test',
    filepath: 'credentials-of-the-test',
  });
  return Object.fromEntries(
    Object.entries(configFile)
      .filter(([name]) => !name.startsWith('sso-session.'))
      .map(([name, keys]) => [name, { ...keys }]),
  );
}

describe('reads what the SDK reads', () => {
  test.each<[string, string, Sections]>([
    ['nothing', '', {}],
    ['a profile', '[profile on-prem]\nregion = eu-west-1\n', { 'on-prem': { region: 'eu-west-1' } }],
    ['the default profile', '[default]\nregion=eu-west-1', { default: { region: 'eu-west-1' } }],
    ['[profile default] before [default]', '[profile default]\na=1\n[default]\na=2\nb=2', { default: { a: '1' } }],
    [
      'quoted names',
      '[profile "on-prem"]\na=1\n[profile \'other\']\na=2',
      { 'on-prem': { a: '1' }, other: { a: '2' } },
    ],
    ['dots in names', '[profile a.b]\nx=1', { 'a.b': { x: '1' } }],
    ['names without profile are passed over', '[on-prem]\na=1', {}],
    ['unknown kinds are passed over', '[plugins x]\na=1\n[profile p]\nb=1', { p: { b: '1' } }],
    ['a section without keys does not count', '[profile p]\n', {}],
    ['a section that comes twice', '[profile p]\na=1\n[profile p]\na=2\nb=3', { p: { a: '2', b: '3' } }],
    [
      'comments',
      '# one\n[profile p] ; two\na = 1 # three\nb = 2#3\nc = 4;5 ;6\n;d = 7',
      { p: { a: '1', b: '2#3', c: '4;5' } },
    ],
    ['quotes in values', '[profile p]\na = "x y"', { p: { a: '"x y"' } }],
    ['equals signs in values', '[profile p]\na = b = c', { p: { a: 'b = c' } }],
    ['line ends of Windows', '[profile p]\r\na = 1\r\nb = 2\r\n', { p: { a: '1', b: '2' } }],
    [
      'groups',
      '[profile p]\ns3 =\n  max = 5\n  min = 1\nregion = x\n[services local]\nrolesanywhere =\n  endpoint_url = https://x\n',
      {
        p: { 's3.max': '5', 's3.min': '1', region: 'x' },
        'services.local': { 'rolesanywhere.endpoint_url': 'https://x' },
      },
    ],
    ['a blank in front of a section', '  [profile p]\n  a = 1', { p: { a: '1' } }],
    ['an indented key without a group', '[profile p]\n  a = 1\n b = 2', { p: { a: '1', b: '2' } }],
    ['lines that are nothing', '[profile p]\nwhatever\n= x\na = 1', { p: { a: '1' } }],
    ['keys before any section', 'a = 1\n[profile p]\nb = 2', { p: { b: '2' } }],
    ['a backslash at the end of a line', '[profile p]\na = b \\\n  c = d', { p: { a: 'b \\', c: 'd' } }],
    [
      'a PKCS#11 URI',
      '[profile p]\na = pkcs11:token=t;object=o?pin-source=/x',
      { p: { a: 'pkcs11:token=t;object=o?pin-source=/x' } },
    ],
  ])('%s', async (_what, text, expected) => {
    expect(ours(text)).toEqual(expected);
    expect(await theirs(text)).toEqual(expected);
  });

  test('whatever the text', async () => {
    const header = fc.constantFrom(
      '[default]',
      '[profile default]',
      '[profile p]',
      '[profile "q"]',
      "[profile 'p']",
      '[services s]',
      '[services s.t]',
      '[sso-session x]',
      '[plugins]',
      '[profile.p]',
      '[profile a.b]',
      '[]',
      '[',
      '[profile p',
      '[ profile p ]',
      '[profile\tp]',
      '[profile p] # x',
      '[constructor]',
    );
    const key = fc.constantFrom('a', 'b c', 'role_arn', 'x.y', 'roles_anywhere_region', '', '=', '[k]', 'toString');
    const value = fc.constantFrom('', '1', ' ', '"q"', 'a#b', 'a #b', 'a\t;b', '#', ';', 'x = y', '\\', ']', '{}');
    const indent = fc.constantFrom('', '', ' ', '\t', '\u00A0', '\r');
    const pair = fc.tuple(indent, key, fc.constantFrom('=', ' = ', ' ', '=='), value).map((parts) => parts.join(''));
    const line = fc.oneof(
      header,
      pair,
      pair,
      pair,
      fc.string({ unit: 'binary' }).filter((text) => !text.includes('__proto__')),
    );
    const end = fc.constantFrom('\n', '\r\n', '\r', '\n\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(line, end)), async (lines) => {
        const text = lines.flat().join('');
        expect(ours(text)).toEqual(await theirs(text));
      }),
      { numRuns: 3000 },
    );
  });
});

test('a profile called __proto__ is refused, as the SDK gives up on the whole file', async () => {
  for (const header of ['__proto__', 'profile __proto__']) {
    const text = `[profile p]\na=1\n[${header}]\nb=2`;
    expect(thrownBy(() => parseAwsConfig(text))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `a section of the configuration file is called [${header}]`,
    });
    expect(await theirs(text)).toEqual({});
  }
});

test('a large file of noise is read in no time', () => {
  const started = process.cpuUsage();
  parseAwsConfig('[profile p]\n'.repeat(50_000));
  parseAwsConfig(`[profile p]\n${'k = v # c\n'.repeat(100_000)}`);
  parseAwsConfig(`[profile ${' '.repeat(100_000)}x`);
  parseAwsConfig(`[profile p]\na =${' \t'.repeat(200_000)}x`);
  expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
});

describe('a credential_process that is broken over several lines', () => {
  const valueOf = (lines: string): string | undefined =>
    parseAwsConfig(`[profile p]\ncredential_process = ${lines}`).profiles.get('p')?.get('credential_process');

  test.each([
    ['indented', 'x y \\\n  --a b \\\n\t--c=d\nregion = e', 'x y \\\n--a b \\\n--c=d'],
    ['from the margin', 'x y \\\n--a b \\\n--c=d', 'x y \\\n--a b \\\n--c=d'],
    ['with line ends of Windows', 'x y \\\r\n  --a b\r\nregion = e', 'x y \\\n--a b'],
    ['with blanks behind the backslash', 'x y \\  \n  --a b', 'x y \\\n--a b'],
    ['with a comment behind it', 'x y \\ # the rest\n  --a b', 'x y \\\n--a b'],
    ['with = in a value', 'x y \\\n  --a b=c\n', 'x y \\\n--a b=c'],
  ])('%s', (_, lines, value) => {
    expect(valueOf(lines)).toBe(value);
  });

  test.each([
    ['a blank line', '\n  --a b'],
    ['a header', '  [profile q]\n'],
    ['a setting', 'region = x'],
    ['the end of the file', ''],
  ])('ends at %s', (_, next) => {
    expect(valueOf(`x y \\\n${next}`)).toBe('x y \\');
  });

  test('takes nothing from the keys below', () => {
    const { profiles } = parseAwsConfig('[profile p]\ncredential_process = x \\\n  --a b\nregion = c\n');
    expect(profiles.get('p')?.get('region')).toBe('c');
  });
});
