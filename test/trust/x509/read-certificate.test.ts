import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from '../../support/fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { decodeCertificate, decodeCertificates } from '../../../src/trust/x509/read-certificate.ts';
import {
  certificateDer,
  type CertificateOptions,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  removeFolder,
} from '../../support/openssl.ts';
import { thrownBy } from '../../support/thrown.ts';

let folder: string;
let ca: Issued;

beforeAll(() => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca', { subject: '/C=DE/O=Example/CN=Example CA', keyType: 'rsa:2048' });
});

afterAll(() => removeFolder(folder));

const issue = (name: string, options: CertificateOptions = {}): Buffer =>
  certificateDer(makeLeaf(folder, name, ca, options).certificate);

const lines = (attributes: readonly { type: string; value: string }[]): string[] =>
  attributes.map(({ type, value }) => `${type}=${value}`);

describe('fields', () => {
  const serials = ['01', '7f', '0080', 'f1e2d3', '123', '7fffffffffffffffffffffffffffffffffffffff'];

  test.each(serials)('serial number %s', (serial) => {
    const der = issue(`serial-${serial}`, { serial });
    expect(decodeCertificate(der).serialNumber).toBe(BigInt(`0x${serial}`));
    expect(decodeCertificate(der).serialNumber).toBe(BigInt(`0x${new X509Certificate(der).serialNumber}`));
  });

  test('names, as node:crypto sees them', () => {
    const der = issue('names', {
      subject: '/C=DE/O=Example+OU=One/OU=Two/CN=J\u00fcrgen, "x"/serialNumber=7/DC=a/UID=u',
    });
    const { subject, issuer } = decodeCertificate(der);
    expect(lines(subject.attributes)).toEqual([
      'C=DE',
      'O=Example',
      'OU=One',
      'OU=Two',
      'CN=J\u00fcrgen, "x"',
      'SERIALNUMBER=7',
      'DC=a',
      'UID=u',
    ]);
    expect(lines(issuer.attributes)).toEqual(['C=DE', 'O=Example', 'CN=Example CA']);
  });

  test('validity, in UTCTime and GeneralizedTime', () => {
    const [notBefore, notAfter] = [new Date('2049-12-31T23:59:59Z'), new Date('2050-01-01T00:00:00Z')];
    expect(decodeCertificate(issue('times', { notBefore, notAfter }))).toMatchObject({ notBefore, notAfter });
  });

  test('extensions', () => {
    const certificate = decodeCertificate(
      issue('extensions', {
        extensions: [
          'basicConstraints = critical, CA:TRUE, pathlen:3',
          'keyUsage = digitalSignature, keyCertSign',
          'subjectAltName = DNS:a.example, DNS:b.example, URI:spiffe://example/a, IP:192.0.2.1, dirName:inner',
          '1.2.3.4 = critical, ASN1:NULL',
          '1.2.3.5 = ASN1:NULL',
          '[inner]',
          'CN = inside',
          'O = Example',
        ],
      }),
    );
    expect(certificate).toMatchObject({
      version: 3,
      basicConstraints: { ca: true, pathLength: 3 },
      keyUsage: { digitalSignature: true, keyCertSign: true },
      unknownCriticalExtensions: ['1.2.3.4'],
    });
    expect(certificate.alternativeNames).toMatchObject({
      dns: ['a.example', 'b.example'],
      uri: ['spiffe://example/a'],
      directory: [
        {
          attributes: [
            { type: 'CN', value: 'inside' },
            { type: 'O', value: 'Example' },
          ],
        },
      ],
    });
  });

  test('absent extensions, and version 1', () => {
    expect(decodeCertificate(issue('bare', { extensions: ['extendedKeyUsage = clientAuth'] }))).toMatchObject({
      version: 3,
      basicConstraints: undefined,
      keyUsage: undefined,
      alternativeNames: { dns: [], uri: [], directory: [] },
    });
    expect(decodeCertificate(issue('v1', { extensions: [] })).version).toBe(1);
  });
});

describe('PEM', () => {
  test('several certificates, with text and other blocks between them, and Windows line ends', () => {
    const pem = readFileSync(ca.certificate, 'utf8');
    const key = readFileSync(ca.key, 'utf8');
    const read = decodeCertificates(`subject: x\n${pem}\n${key}\nmore\n${pem}`.replaceAll('\n', '\r\n'));
    expect(read.map(({ subject }) => subject.text)).toEqual([
      'C=DE, O=Example, CN=Example CA',
      'C=DE, O=Example, CN=Example CA',
    ]);
  });

  test.each(['', 'nothing', '-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n'])('"%s" is none', (pem) => {
    expect(thrownBy(() => decodeCertificates(pem)).code).toBe('CERTIFICATE_INVALID');
  });

  test('a key is no certificate', () => {
    const error = thrownBy(() => decodeCertificates(readFileSync(ca.key, 'utf8')));
    expect(error).toMatchObject({ code: 'CERTIFICATE_INVALID', message: 'there is no PEM certificate' });
  });
});

/** What reading comes to. */
const attempt = (bytes: Uint8Array): string => {
  try {
    decodeCertificate(bytes);
    return 'read';
  } catch (error) {
    return error instanceof RolesAnywhereError ? error.code : String(error);
  }
};

describe('damaged certificates', () => {
  test('with something after their end', () => {
    const der = Buffer.concat([certificateDer(ca.certificate), Buffer.of(5, 0)]);
    expect(thrownBy(() => decodeCertificate(der)).message).toContain('it is not one element, with nothing after it');
  });

  test('cut anywhere, or with any byte changed, are read or refused, and nothing else', () => {
    const der = certificateDer(ca.certificate);
    const position = fc.nat({ max: der.length - 1 });
    fc.assert(
      fc.property(position, fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(der, (byte, index) => (index === at ? byte ^ change : byte));
        expect(['read', 'CERTIFICATE_INVALID']).toContain(attempt(changed));
        expect(attempt(der.subarray(0, at))).toBe('CERTIFICATE_INVALID');
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(attempt(bytes)).toBe('CERTIFICATE_INVALID');
      }),
    );
  });
});
