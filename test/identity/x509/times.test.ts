import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encodeElement } from '../../../src/identity/x509/der-writer.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import { joinCertificate, splitCertificate } from '../../support/crafted-certificates.ts';
import { openssl } from '../../support/openssl.ts';

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-times-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pem = readFileSync(new URL('../../../certs-fixtures/vectors/p256.pem', import.meta.url), 'latin1');
const parts = splitCertificate(Buffer.from(pem.split('-----')[2] ?? '', 'base64'));

/** What CAs have written, by public corpora of odd certificates; openssl says what it means. */
test.each([
  [0x17, '250228235959Z'],
  [0x17, '2501010000Z'],
  [0x17, '250101000000+0000'],
  [0x17, '250101013000+0130'],
  [0x17, '250101000000-1130'],
  [0x17, '2501010000-0500'],
  [0x18, '00010101000000Z'],
  [0x18, '18500601120000Z'],
  [0x18, '20250101000000+0100'],
  [0x18, '99991231235959Z'],
])('tag %i, %s is the time that openssl says', (tag, text) => {
  const notBefore = encodeElement(tag, Buffer.from(text));
  const der = joinCertificate({ ...parts, notBefore });
  const path = join(folder, 'certificate.der');
  writeFileSync(path, der);
  const said = openssl(['x509', '-in', path, '-inform', 'DER', '-noout', '-startdate']).toString();
  const [, month = '', day = '', time = '', year = ''] = /=(\w+) +(\d+) ([\d:]+) (\d+) GMT/.exec(said) ?? [];
  const number =
    1 + ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].indexOf(month);
  const two = (value: number | string): string => String(value).padStart(2, '0');
  expect(parseX509(der).notBefore.toISOString()).toBe(
    `${year.padStart(4, '0')}-${two(number)}-${two(day)}T${time}.000Z`,
  );
});
