import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '../../../src/identity/problem.ts';
import { encodeElement } from '../../../src/identity/x509/der-writer.ts';
import { elementsOf, onlyElement, sequenceOf } from '../../../src/identity/x509/der.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import { certificateDer, type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../../support/openssl.ts';

let folder: string;
let root: Issued;
beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root', { keyType: 'rsa:2048' });
});
afterAll(() => removeFolder(folder));

test('reads everything of an ordinary leaf, as node:crypto does', () => {
  const leaf = makeLeaf(folder, 'leaf', root, {
    subject: '/C=US/O=Example/CN=leaf',
    notBefore: new Date('2024-02-29T01:02:03Z'),
    notAfter: new Date('2051-03-04T05:06:07Z'),
    serial: 'F1E2D3C4B5A69788',
    hash: 'sha384',
  });
  const der = certificateDer(leaf.certificate);
  const parsed = parseX509(der);
  const judge = new X509Certificate(der);
  expect(parsed.der).toBe(der);
  expect(parsed.version).toBe(3);
  expect(parsed.serialNumber).toBe(BigInt(`0x${judge.serialNumber}`));
  expect(parsed.serialNumber).toBe(0xf1e2d3c4b5a69788n);
  expect(parsed.signatureAlgorithm).toBe('1.2.840.113549.1.1.12');
  expect(parsed.signatureParameters).toEqual(Buffer.from('0500', 'hex'));
  expect(parsed.notBefore).toEqual(new Date('2024-02-29T01:02:03Z'));
  expect(parsed.notAfter).toEqual(new Date('2051-03-04T05:06:07Z'));
  expect(Buffer.from(parsed.publicKeyInfo)).toEqual(judge.publicKey.export({ type: 'spki', format: 'der' }));
  expect(parsed.publicKeyAlgorithm).toBe('1.2.840.10045.2.1');
  expect(parsed.basicConstraints).toEqual({ ca: false, pathLength: undefined });
  expect(parsed.keyUsage).toEqual(new Set(['digitalSignature']));
  expect(parsed.issuer).toEqual(parseX509(certificateDer(root.certificate)).subject);
  expect(parsed.authorityKeyIdentifier).toEqual(parseX509(certificateDer(root.certificate)).subjectKeyIdentifier);
  expect(parsed.subjectKeyIdentifier).toHaveLength(20);
});

test('reads the constraints of a CA', () => {
  const ca = makeCa(folder, 'ca', {
    extensions: ['basicConstraints = critical, CA:TRUE, pathlen:3', 'keyUsage = keyCertSign, cRLSign, decipherOnly'],
  });
  const parsed = parseX509(certificateDer(ca.certificate));
  expect(parsed.basicConstraints).toEqual({ ca: true, pathLength: 3 });
  expect(parsed.keyUsage).toEqual(new Set(['keyCertSign', 'cRLSign', 'decipherOnly']));
  expect(parsed.authorityKeyIdentifier).toBeUndefined();
});

test('an authority key identifier may have everything but the key identifier', () => {
  const leaf = makeLeaf(folder, 'aki', root, { extensions: ['authorityKeyIdentifier = issuer:always'] });
  const parsed = parseX509(certificateDer(leaf.certificate));
  expect(parsed.authorityKeyIdentifier).toBeUndefined();
});

test('version 1 has no extensions', () => {
  const leaf = makeLeaf(folder, 'v1', root, { extensions: [] });
  expect(parseX509(certificateDer(leaf.certificate))).toMatchObject({
    version: 1,
    basicConstraints: undefined,
    keyUsage: undefined,
    subjectKeyIdentifier: undefined,
    authorityKeyIdentifier: undefined,
  });
});

test('keeps the parameters of RSASSA-PSS', () => {
  const leaf = makeLeaf(folder, 'pss', root, { pss: true });
  const parsed = parseX509(certificateDer(leaf.certificate));
  expect(parsed.signatureAlgorithm).toBe('1.2.840.113549.1.1.10');
  expect(parsed.signatureParameters?.[0]).toBe(0x30);
});

test.each(['rsa2048', 'p256', 'p384', 'root', 'sub'])('reads the serial number of vector %s', (name) => {
  const pem = readFileSync(new URL(`../../../certs-fixtures/vectors/${name}.pem`, import.meta.url));
  const judge = new X509Certificate(pem);
  expect(parseX509(judge.raw).serialNumber).toBe(BigInt(`0x${judge.serialNumber}`));
});

describe('what is no certificate', () => {
  const reasonOf = (der: Uint8Array): string => {
    try {
      parseX509(der);
    } catch (error) {
      if (error instanceof Problem) return error.message;
      throw error;
    }
    return 'taken';
  };
  /** A certificate with one of the fields of its TBSCertificate, or of its outside, made anew. */
  const remade = (change: (tbs: Buffer[]) => void): Buffer => {
    const [tbs, ...rest] = sequenceOf(onlyElement(certificateDer(root.certificate)));
    const fields = elementsOf(tbs?.contents ?? Buffer.of()).map(({ encoded }) => Buffer.from(encoded));
    change(fields);
    return encodeElement(0x30, encodeElement(0x30, ...fields), ...rest.map(({ encoded }) => encoded));
  };

  test('is refused with its reason', () => {
    const der = certificateDer(root.certificate);
    expect(reasonOf(der.subarray(0, -1))).toBe('is damaged: it ends too early');
    expect(reasonOf(Buffer.concat([der, Buffer.of(10)]))).toBe('is damaged: something follows its end');
    expect(reasonOf(Buffer.from('3000', 'hex'))).toBe('is damaged: sequence expected, nothing found');
    expect(reasonOf(remade((tbs) => tbs.push(Buffer.from('0500', 'hex'))))).toBe('is damaged: it has unknown fields');
    expect(reasonOf(remade((tbs) => tbs.splice(0, 1, Buffer.from('a003020103', 'hex'))))).toContain('between 0 and 2');
    const otherAlgorithm = Buffer.from('300a06082a8648ce3d040302', 'hex');
    expect(reasonOf(remade((tbs) => tbs.splice(2, 1, otherAlgorithm)))).toBe(
      'is damaged: it names two different signature algorithms',
    );
  });

  test('has the same extension twice', () => {
    const twice = remade((tbs) => {
      const extensions = sequenceOf(onlyElement(onlyElement(tbs.at(-1) ?? Buffer.of()).contents));
      const [first] = extensions;
      const doubled = [...extensions, ...(first === undefined ? [] : [first])].map(({ encoded }) => encoded);
      tbs.splice(-1, 1, encodeElement(0xa3, encodeElement(0x30, ...doubled)));
    });
    expect(reasonOf(twice)).toMatch(/^is damaged: it has the extension 2\.5\.29\.\d+ twice$/);
  });

  /** The third field but one of a version 3 certificate is its subject; the serial number is the second. */
  const withSerialNumber = (contents: string): Buffer =>
    remade((tbs) => tbs.splice(1, 1, encodeElement(0x02, Buffer.from(contents, 'hex'))));

  test.each([
    ['fb', 'its serial number is negative (-5)'],
    [`80${'00'.repeat(19)}`, `its serial number is negative (-${2n ** 159n})`],
    ['', 'an integer is malformed'],
    ['0001', 'an integer is malformed'],
    ['ffff', 'an integer is malformed'],
    ['7f'.repeat(65), 'an integer is malformed'],
  ])('has the serial number %s', (contents, reason) => {
    expect(reasonOf(withSerialNumber(contents))).toBe(`is damaged: ${reason}`);
  });

  test.each([
    ['00', 0n],
    ['00fb', 251n],
    ['7f'.repeat(20), BigInt(`0x${'7f'.repeat(20)}`)],
  ])('serial number %s is one', (contents, serialNumber) => {
    expect(parseX509(withSerialNumber(contents)).serialNumber).toBe(serialNumber);
  });

  test.each([
    ['a name without a SET', 5, '3004 3002 0500', 'set expected, sequence found'],
    ['an attribute without a value', 5, '3009 3107 3005 0603550403', 'a name has an attribute without a value'],
    ['a key that is no RSA key', 6, '3012 300d06092a864886f70d0101010500 030100', 'it ends too early'],
    ['a key with unused bits', 6, '300f 300a06082a8648ce3d030107 030101', 'a bit string is malformed'],
  ])('has %s, which is found at once', (_, index, digits, reason) => {
    const field = Buffer.from(digits.replaceAll(' ', ''), 'hex');
    expect(reasonOf(remade((tbs) => tbs.splice(index, 1, field)))).toBe(`is damaged: ${reason}`);
  });
});
