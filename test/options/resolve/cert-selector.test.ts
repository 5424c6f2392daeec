import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as fc from '../../support/fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { parseCertSelector } from '../../../src/options/resolve/cert-selector.ts';
import { thrownBy } from '../../support/thrown.ts';

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
    { subject: 'CN=Subject', issuer: 'CN=Issuer', serial: '15D19632234BF759A32802C0DA88F9E8AFC8702D' },
  ],
  ['Key=x509Subject,Value=CN=a name,O=Org, C=US', { subject: 'CN=a name,O=Org, C=US' }],
  ['  Key=x509Issuer,Value=  CN=ca  ', { issuer: 'CN=ca' }],
  ['Key=x509Serial,Value=00ff', { serial: '00ff' }],
  ['Key=x509Serial,Value=ff\tKey=x509Subject,Value=CN=x', { serial: 'ff', subject: 'CN=x' }],
  ['Key=x509Subject,Value=CN=MyKey=1', { subject: 'CN=MyKey=1' }],
  [
    'Key=thumbprint,Value=\u200EAB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB Key=friendlyName,Value=the leaf',
    { thumbprint: 'ab'.repeat(20), friendlyName: 'the leaf' },
  ],
  [
    'Key=templateOid,Value=1.3.6.1.4.1.311.21.8.1 Key=keyUsage,Value=digitalSignature, clientAuth',
    { templateOid: '1.3.6.1.4.1.311.21.8.1', keyUsage: 'digitalSignature,clientAuth' },
  ],
])('%s', (text, expected) => {
  expect(parse(text)).toEqual(expected);
});

test('from a JSON file', () => {
  expect(parseFile('[{"Key":"x509Subject","Value":"CN=leaf,O=Org"},{"Key":"x509Serial","Value":"0A1B"}]')).toEqual({
    subject: 'CN=leaf,O=Org',
    serial: '0A1B',
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
    [
      'Key=x509Subject,Value=leaf',
      '--cert-selector: x509Subject must be a distinguished name such as CN=leaf,O=Example, not "leaf"',
    ],
    [
      'Key=thumbprint,Value=ab',
      '--cert-selector: thumbprint must be the 40 hexadecimal digits of a SHA-1, or 64 of a SHA-256, not "ab"',
    ],
    [
      'Key=keyUsage,Value=clientauth',
      '--cert-selector: keyUsage must be key usages such as digitalSignature,clientAuth, not "clientauth"',
    ],
    [
      'Key=templateOid,Value=Machine',
      '--cert-selector: templateOid must be an object identifier such as 1.3.6.1.4.1.311.21.8.1, not "Machine"',
    ],
    ['Key=x509Serial,Value=0x0A', '--cert-selector: x509Serial must be hexadecimal digits, not "0x0A"'],
    ['Key=x509Serial,Value=0A:1B', '--cert-selector: x509Serial must be hexadecimal digits, not "0A:1B"'],
  ])('%j', (text, message) => {
    expect(thrownBy(() => parse(text))).toMatchObject({ code: 'OPTION_INVALID', message });
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
  ])('%j', (content, message) => {
    expect(thrownBy(() => parseFile(content))).toMatchObject({ code: 'OPTION_INVALID', message });
  });

  test('that is not there', () => {
    expect(thrownBy(() => parse('file:///nonexistent/selector.json'))).toMatchObject({
      code: 'FILE_FAILED',
      message: '--cert-selector: cannot read /nonexistent/selector.json: ENOENT',
    });
  });

  test('that is a folder, a pipe or a device, which may not come to an end', () => {
    const message = `--cert-selector: cannot read ${folder}: it is a folder, a pipe or a device`;
    expect(thrownBy(() => parse(`file://${folder}`))).toMatchObject({ code: 'FILE_FAILED', message });
  });

  test('by its path alone', () => {
    const path = join(folder, 'plain.json');
    writeFileSync(path, '[{"Key":"x509Issuer","Value":"CN=ca"}]');
    expect(parse(path)).toEqual({ issuer: 'CN=ca' });
  });

  test('that is not there, shown by where it was looked for', () => {
    const message = `--cert-selector: cannot read ${resolve('nonexistent.json')}: ENOENT`;
    expect(thrownBy(() => parse('file://nonexistent.json'))).toMatchObject({ code: 'FILE_FAILED', message });
  });
});

test('what it writes it reads, and any text gives a selector or a RolesAnywhereError', () => {
  const value = fc
    .string({ minLength: 1 })
    .map((text) => text.trim())
    .filter((text) => text !== '' && !/\sKey=|^Key=/.test(text));
  fc.assert(
    fc.property(value, value, fc.bigInt({ min: 0n, max: 2n ** 160n }), (subject, friendlyName, serialNumber) => {
      const serial = serialNumber.toString(16);
      const name = `CN=${subject.replaceAll(/[^\w]/g, '_')}`;
      const text = `Key=friendlyName,Value=${friendlyName} Key=x509Serial,Value=${serial} Key=x509Subject,Value=${name}`;
      expect(parse(text)).toEqual({ subject: name, friendlyName, serial });
    }),
  );
  const piece = fc.oneof(fc.string(), fc.constantFrom('Key=', ',Value=', ' ', 'x509Serial', 'x509Subject', '0A'));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      fc.pre(!text.startsWith('file://') && !text.endsWith('.json'));
      expect(outcomeOf(text)).toSatisfy((found: unknown) => found === 'OPTION_INVALID' || Number(found) > 0);
    }),
  );
});

function outcomeOf(text: string): unknown {
  try {
    return Object.keys(parse(text)).length;
  } catch (error) {
    return error instanceof RolesAnywhereError ? error.code : error;
  }
}
