import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { parseCertSelector } from '../../../src/options/resolve/cert-selector.ts';
import { rejectionOf } from '../../support/thrown.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-selector-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const parse = (text: string) => parseCertSelector(text, '--cert-selector');

function parseFile(content: string) {
  const path = join(folder, 'selector.json');
  writeFileSync(path, content);
  return parse(`file://${path}`);
}

test.each<[string, object]>([
  [
    'Key=x509Subject,Value=CN=Subject Key=x509Issuer,Value=CN=Issuer Key=x509Serial,Value=15D19632234BF759A32802C0DA88F9E8AFC8702D',
    { subject: 'CN=Subject', issuer: 'CN=Issuer', serialNumber: 0x15d19632234bf759a32802c0da88f9e8afc8702dn },
  ],
  ['Key=x509Subject,Value=CN=a name,O=Org, C=US', { subject: 'CN=a name,O=Org, C=US' }],
  ['  Key=x509Issuer,Value=  CN=ca  ', { issuer: 'CN=ca' }],
  ['Key=x509Serial,Value=00ff', { serialNumber: 255n }],
  ['Key=x509Serial,Value=ff\tKey=x509Subject,Value=CN=x', { serialNumber: 255n, subject: 'CN=x' }],
  ['Key=x509Subject,Value=CN=MyKey=1', { subject: 'CN=MyKey=1' }],
])('%s', async (text, expected) => {
  expect(await parse(text)).toEqual(expected);
});

test('from a JSON file', async () => {
  expect(
    await parseFile('[{"Key":"x509Subject","Value":"CN=leaf,O=Org"},{"Key":"x509Serial","Value":"0A1B"}]'),
  ).toEqual({
    subject: 'CN=leaf,O=Org',
    serialNumber: 0x0a1bn,
  });
});

describe('refused inline', () => {
  test.each([
    ['', '--cert-selector selects nothing'],
    ['   ', '--cert-selector selects nothing'],
    ['CN=leaf', '--cert-selector cannot be read at "CN=leaf"'],
    ['Key=x509Subject', '--cert-selector cannot be read at "Key=x509Subject"'],
    ['Key=x509Subject Value=CN=leaf', '--cert-selector cannot be read at "Key=x509Subject Value=CN=leaf"'],
    ['junk Key=x509Subject,Value=CN=leaf', '--cert-selector cannot be read at "junk"'],
    ['Key=x509Subject,Value=', '--cert-selector: the value of x509Subject is empty'],
    ['Key=subject,Value=CN=leaf', '--cert-selector: unknown key "subject"'],
    ['Key=x509Subject,Value=a Key=x509Subject,Value=b', '--cert-selector has x509Subject twice'],
    ['Key=x509Serial,Value=0x0A', '--cert-selector: x509Serial must be hexadecimal digits, not "0x0A"'],
    ['Key=x509Serial,Value=0A:1B', '--cert-selector: x509Serial must be hexadecimal digits, not "0A:1B"'],
  ])('%j', async (text, message) => {
    expect(await rejectionOf(parse(text))).toMatchObject({ code: 'OPTION_INVALID', message });
  });
});

describe('refused in a file', () => {
  test.each([
    ['', '--cert-selector: the file is not JSON'],
    ['{"Key":"x509Subject","Value":"CN=leaf"}', '--cert-selector: the file must hold a JSON array'],
    ['[]', '--cert-selector selects nothing'],
    ['[null]', '--cert-selector: every item of the file must be {"Key": text, "Value": text}'],
    ['[{"Key":"x509Subject"}]', '--cert-selector: every item of the file must be {"Key": text, "Value": text}'],
    [
      '[{"Key":"x509Serial","Value":10}]',
      '--cert-selector: every item of the file must be {"Key": text, "Value": text}',
    ],
    [
      '[{"Key":"x509Subject","Value":"CN=leaf","More":"x"}]',
      '--cert-selector: every item of the file must be {"Key": text, "Value": text}',
    ],
  ])('%j', async (content, message) => {
    expect(await rejectionOf(parseFile(content))).toMatchObject({ code: 'OPTION_INVALID', message });
  });

  test('that is not there', async () => {
    expect(await rejectionOf(parse('file:///nonexistent/selector.json'))).toMatchObject({
      code: 'FILE_FAILED',
      message: '--cert-selector: cannot read /nonexistent/selector.json: ENOENT',
    });
  });

  test('that is not there, shown by where it was looked for', async () => {
    const message = `--cert-selector: cannot read ${resolve('nonexistent.json')}: ENOENT`;
    expect(await rejectionOf(parse('file://nonexistent.json'))).toMatchObject({ code: 'FILE_FAILED', message });
  });
});

test('what it writes it reads, and any text gives a selector or a RolesAnywhereError', async () => {
  const value = fc
    .string({ minLength: 1 })
    .map((text) => text.trim())
    .filter((text) => text !== '' && !/\sKey=|^Key=/.test(text));
  await fc.assert(
    fc.asyncProperty(value, value, fc.bigInt({ min: 0n, max: 2n ** 160n }), async (subject, issuer, serialNumber) => {
      const text = `Key=x509Issuer,Value=${issuer} Key=x509Serial,Value=${serialNumber.toString(16)} Key=x509Subject,Value=${subject}`;
      expect(await parse(text)).toEqual({ subject, issuer, serialNumber });
    }),
  );
  const piece = fc.oneof(fc.string(), fc.constantFrom('Key=', ',Value=', ' ', 'x509Serial', 'x509Subject', '0A'));
  await fc.assert(
    fc.asyncProperty(fc.array(piece), async (pieces) => {
      const text = pieces.join('');
      fc.pre(!text.startsWith('file://'));
      const outcome = await parse(text).catch((error: unknown) => error);
      expect(outcome instanceof RolesAnywhereError ? outcome.code : Object.keys(outcome as object).length).toSatisfy(
        (found: unknown) => found === 'OPTION_INVALID' || Number(found) > 0,
      );
    }),
  );
});
