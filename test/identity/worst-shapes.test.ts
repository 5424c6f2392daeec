/**
 * What takes long in a parser that looks at its input more than once, each of it up to the largest file that is read.
 * How time grows is printed by bench/growth; here nothing may take longer than patience lasts.
 */
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { findIssuers } from '../../src/identity/x509/chain.ts';
import { encodeElement } from '../../src/identity/x509/der-writer.ts';
import { parseX509 } from '../../src/identity/x509/parse-certificate.ts';
import { openSigner } from '../../src/identity/open-identity.ts';
import { parsePkcs11Uri } from '../../src/identity/pkcs11-uri.ts';
import { readCertificate } from '../../src/identity/read-certificate.ts';
import { joinCertificate, splitCertificate } from '../support/crafted-certificates.ts';
import { bytes, password, recordingContext } from './given.ts';

const mebibyte = 1024 * 1024;

/** Seconds of this process for one shape, whatever else the machine does; what grew with the square took 23. */
const patience = 6;
vi.setConfig({ testTimeout: 120_000 });

const [leafPem, rootPem] = ['p256', 'root'].map((name) =>
  readFileSync(new URL(`../../certs-fixtures/vectors/${name}.pem`, import.meta.url), 'latin1'),
);
const derOf = (pem = ''): Buffer => Buffer.from(pem.split('-----')[2] ?? '', 'base64');

const filled = (part: string, size = mebibyte - 2000): string => part.repeat(Math.floor(size / part.length));
const sequence = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0x30, ...parts);
const small = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

function nested(depth: number): Buffer {
  let der = encodeElement(0x04, Buffer.alloc(mebibyte >> 1));
  for (let level = 0; level < depth; level++) der = sequence(der);
  return der;
}

/** A PKCS#12 without a MAC, with plain bags. */
function pkcs12Of(bags: Buffer): Buffer {
  const data = Buffer.from('06092a864886f70d010701', 'hex');
  const content = (inner: Buffer): Buffer => sequence(data, encodeElement(0xa0, encodeElement(0x04, inner)));
  return sequence(Buffer.from('020103', 'hex'), content(sequence(content(sequence(bags)))));
}

const emptyBag = sequence(Buffer.from('060b2a864886f70d010c0a0101', 'hex'), encodeElement(0xa0, sequence()));
const repeated = (part: Buffer, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => part));

const files: readonly (readonly [string, () => string | Buffer])[] = [
  ['small PEM blocks', () => filled(small)],
  ['small PEM blocks behind a good one', () => `${leafPem}${filled(small)}`],
  ['BEGIN lines', () => filled('-----BEGIN CERTIFICATE-----\n')],
  ['BEGIN lines of many labels', () => filled('-----BEGIN A-----\n-----BEGIN B-----\n')],
  ['BEGIN marks in one line', () => filled('-----BEGIN ')],
  ['blanks before BEGIN', () => `${filled(' ')}-----BEGIN CERTIFICATE-----\n`],
  ['line ends', () => `${filled('\n')}-----BEGIN CERTIFICATE-----\n`],
  ['a block of blanks', () => `-----BEGIN CERTIFICATE-----\n${filled(' ')}\n-----END CERTIFICATE-----\n`],
  ['headers', () => `-----BEGIN RSA PRIVATE KEY-----\n${filled('A: B\n')}\nMIIB\n-----END RSA PRIVATE KEY-----\n`],
  ['one long header', () => `-----BEGIN RSA PRIVATE KEY-----\n${filled('A')}: B\n-----END RSA PRIVATE KEY-----\n`],
  ['base64 and blanks', () => `${'A'.repeat(100)}${filled(' ')}!`],
  ['base64 in blanks', () => filled('A ')],
  [
    'base64 of base64 of base64',
    () => Buffer.from(Buffer.from(filled(small, 500_000)).toString('base64')).toString('base64'),
  ],
  ['quotes', () => filled('"')],
  [String.raw`\n`, () => `-----BEGIN CERTIFICATE-----${filled(String.raw`\n`)}`],
  ['TSS2 marks', () => filled('-----BEGIN TSS2 PRIVATE KEY-----\nAA\n')],
  ['DER of many elements', () => sequence(Buffer.alloc(mebibyte - 100, Buffer.from('0500', 'hex')))],
  ['DER of few elements, and noise', () => sequence(Buffer.alloc(mebibyte - 100, 0x31))],
  ['DER that nests', () => nested(1000)],
  ['BER that nests without lengths', () => Buffer.from(filled('3080', mebibyte), 'hex')],
  ['PKCS#12 of many keys', () => pkcs12Of(repeated(emptyBag, 9000))],
  ['PKCS#7 of many certificates', () => pkcs7Of(repeated(sequence(), 9000))],
  ['real certificates', () => filled(rootPem ?? '')],
];

function pkcs7Of(certificates: Buffer): Buffer {
  const signedData = Buffer.from('06092a864886f70d010702', 'hex');
  return sequence(signedData, encodeElement(0xa0, sequence(encodeElement(0xa0, certificates))));
}

/** True when it comes to an end in time, with an error of ours or without one. */
async function endsSoon(work: () => unknown): Promise<boolean> {
  const start = process.cpuUsage();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
  }
  return process.cpuUsage(start).user / 1e6 < patience;
}

test.each(files)('%s', async (_, content) => {
  const given = Buffer.from(content());
  const keyPassword = password('secret');
  const certificate = { certificate: bytes(given), keyPassword };
  expect(await endsSoon(() => readCertificate(certificate, recordingContext()))).toBe(true);
  expect(await endsSoon(() => openSigner({ privateKey: bytes(given), keyPassword }, recordingContext()))).toBe(true);
});

test('a bag of certificates that might all have issued each other', async () => {
  const parts = splitCertificate(derOf(leafPem));
  const serials = Array.from({ length: 2000 }, (_, index) =>
    encodeElement(0x02, Buffer.from([1, index >> 8, index & 0xff])),
  );
  // Issuer and subject are one name: each may have issued any other, and no signature fits.
  const bag = serials.map((serialNumber) =>
    parseX509(joinCertificate({ ...parts, serialNumber, subject: parts.issuer, extensions: Buffer.alloc(0) })),
  );
  const [leaf] = bag;
  expect(await endsSoon(async () => expect(leaf && (await findIssuers(leaf, bag))).toEqual([]))).toBe(true);
});

test('a bag of one certificate, over and over', async () => {
  const root = parseX509(derOf(rootPem));
  const leaf = parseX509(derOf(leafPem));
  const copies = Array.from({ length: 5000 }, () => ({ ...root, der: Buffer.from(root.der) }));
  expect(await endsSoon(() => findIssuers(leaf, copies))).toBe(true);
});

test.each([
  ['attributes of a vendor', 'pkcs11:', 'x-a', ';'],
  ['attributes of a vendor in the query', 'pkcs11:?', 'x-a', '&'],
])('a PKCS#11 URI of %s', async (_, start, name, separator) => {
  const many = Array.from({ length: 5000 }, (_, index) => `${name}${index}=1`).join(separator);
  expect(await endsSoon(() => parsePkcs11Uri(start + many, '--certificate'))).toBe(true);
});

test('a PKCS#11 URI of 10 MB is refused', () => {
  expect(() => parsePkcs11Uri(`pkcs11:${filled('a=b;', 10 * mebibyte)}`, '--certificate')).toThrow(
    '--certificate is a PKCS#11 URI of more than 65536 characters',
  );
});
