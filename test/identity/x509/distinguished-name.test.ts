import { afterAll, beforeAll, expect, test } from 'vitest';
import { distinguishedName } from '../../../src/identity/x509/distinguished-name.ts';
import { encodeElement } from '../../../src/identity/x509/der-writer.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import { certificateDer, makeCa, makeFolder, makeKey, removeFolder } from '../../support/openssl.ts';

let folder: string;
let key: string;
beforeAll(() => {
  folder = makeFolder();
  key = makeKey(folder, 'key');
});
afterAll(() => removeFolder(folder));

const tagOf = { utf8: 0x0c, printable: 0x13, t61: 0x14, ia5: 0x16, universal: 0x1c, bmp: 0x1e };
const oids: Readonly<Record<string, string>> = {
  CN: '0603550403',
  SERIALNUMBER: '0603550405',
  C: '0603550406',
  L: '0603550407',
  ST: '0603550408',
  STREET: '0603550409',
  O: '060355040a',
  OU: '060355040b',
  POSTALCODE: '0603550411',
  title: '060355040c',
  DC: '060a0992268993f22c640119',
  email: '06092a864886f70d010901',
};

type Attribute = readonly [type: string, value: string | Uint8Array, tag?: keyof typeof tagOf];

/** A Name, one RDN an array of attributes. */
function name(...rdns: readonly (readonly Attribute[])[]): Buffer {
  const attribute = ([type, value, tag = 'utf8']: Attribute): Buffer =>
    encodeElement(
      0x30,
      Buffer.from(oids[type] ?? '', 'hex'),
      encodeElement(tagOf[tag], typeof value === 'string' ? Buffer.from(value) : value),
    );
  return encodeElement(0x30, ...rdns.map((rdn) => encodeElement(0x31, ...rdn.map(attribute))));
}

test.each<[string, Buffer]>([
  ['CN=leaf,O=Org,C=US', name([['C', 'US']], [['O', 'Org']], [['CN', 'leaf']])],
  // The order is Go's own, whatever the certificate has.
  ['CN=leaf,O=Org,C=US', name([['CN', 'leaf']], [['O', 'Org']], [['C', 'US']])],
  [
    'SERIALNUMBER=7,CN=n,OU=u,O=o,POSTALCODE=p,STREET=s,L=l,ST=t,C=DE',
    name(
      [['C', 'DE']],
      [['ST', 't']],
      [['L', 'l']],
      [['STREET', 's']],
      [['POSTALCODE', 'p']],
      [['O', 'o']],
      [['OU', 'u']],
      [['CN', 'n']],
      [['SERIALNUMBER', '7']],
    ),
  ],
  // Several values of one type go into one RDN; of CN and serialNumber the last one stays.
  ['OU=a+OU=b', name([['OU', 'a']], [['OU', 'b']])],
  ['CN=second', name([['CN', 'first']], [['CN', 'second']])],
  [
    'CN=c,O=o',
    name([
      ['CN', 'c'],
      ['O', 'o'],
    ]),
  ],
  // What Go has no name for stands behind, last one first, as the DER of the value.
  [
    'CN=x,1.2.840.113549.1.9.1=#0c0461406263,2.5.4.12=#13024472',
    name([['title', 'Dr']], [['CN', 'x']], [['email', 'a@bc', 'ia5']]),
  ],
  ['0.9.2342.19200300.100.1.25=#1303636f6d', name([['DC', 'com', 'ia5']])],
  // Escapes
  [String.raw`CN=a\,b\+c\"d\\e\<f\>g\;h`, name([['CN', 'a,b+c"d\\e<f>g;h']])],
  [String.raw`CN=\ a b\ `, name([['CN', ' a b ']])],
  [String.raw`CN=\ `, name([['CN', ' ']])],
  [String.raw`CN=\#a#`, name([['CN', '#a#']])],
  ['CN=a=b/c', name([['CN', 'a=b/c']])],
  // String types
  ['CN=Grüße 😀', name([['CN', 'Grüße 😀']])],
  ['CN=Grü', name([['CN', Buffer.from('Grü', 'latin1'), 't61']])],
  ['CN=Grü', name([['CN', Buffer.from('Grü', 'utf16le').swap16(), 'bmp']])],
  ['CN=A😀', name([['CN', Buffer.from('000000410001f600', 'hex'), 'universal']])],
  ['CN=Org', name([['CN', 'Org', 'printable']])],
  ['', name()],
  ['', name([['CN', '']])],
])('%s', (expected, der) => {
  expect(distinguishedName(der)).toBe(expected);
});

test('of certificates that openssl made', () => {
  const subject = '/C=US/ST=Some State/O=Example, Inc./OU=A/OU=B/CN=leaf 1/emailAddress=a@example.com';
  const made = makeCa(folder, 'names', { key, subject });
  expect(distinguishedName(parseX509(certificateDer(made.certificate)).subject)).toBe(
    String.raw`CN=leaf 1,OU=A+OU=B,O=Example\, Inc.,ST=Some State,C=US,1.2.840.113549.1.9.1=#0c0d61406578616d706c652e636f6d`,
  );
});
