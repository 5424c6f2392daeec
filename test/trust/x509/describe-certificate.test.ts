/** What people and monitoring are told of a certificate. */
import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCertificateAuthority } from '../../../src/sandbox/certificate-authority.ts';
import type { CertificateAuthority } from '../../../src/sandbox/authority.ts';
import { type CertificateSummary, describeCertificate } from '../../../src/trust/x509/describe-certificate.ts';
import { decodeCertificates } from '../../../src/trust/x509/read-certificate.ts';

let root: CertificateAuthority;
let sub: CertificateAuthority;

beforeAll(async () => {
  root = await createCertificateAuthority({ subject: 'CN=Root' });
  sub = await root.issueIntermediate({ subject: 'CN=Issuing', keyType: 'RSA-2048' });
});

function summed(pem: string, now = new Date()): CertificateSummary {
  const [certificate] = decodeCertificates(pem);
  if (certificate === undefined) throw new Error('no certificate');
  return describeCertificate(certificate, now);
}

test('of a leaf', async () => {
  const { certificate } = await sub.issueLeaf({
    subject: 'CN=worker, O=Example',
    serialNumber: 291n,
    alternativeNames: [
      { type: 'dns', value: 'worker.example' },
      { type: 'url', value: 'spiffe://example/worker' },
      { type: 'email', value: 'a@example.com' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'ip', value: '2001:db8::5' },
    ],
  });
  const x509 = new X509Certificate(certificate);
  expect(summed(certificate)).toEqual({
    kind: 'leaf',
    subject: 'CN=worker, O=Example',
    issuer: 'CN=Issuing',
    serialNumber: '291',
    serialNumberHex: '0123',
    key: 'P-256',
    notBefore: new Date(x509.validFrom),
    notAfter: new Date(x509.validTo),
    daysLeft: 28,
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    alternativeNames: [
      'DNS:worker.example',
      'URI:spiffe://example/worker',
      'email:a@example.com',
      'IP:192.0.2.1',
      'IP:2001:0db8:0000:0000:0000:0000:0000:0005',
    ],
    objections: [],
  });
});

test('of CAs', () => {
  expect(summed(root.certificate)).toMatchObject({ kind: 'root', key: 'P-256', objections: [] });
  expect(summed(sub.certificate)).toMatchObject({
    kind: 'intermediate',
    key: 'RSA-2048',
    issuer: 'CN=Root',
    objections: [],
  });
});

describe('days left', () => {
  test.each([
    [new Date('2026-01-31T00:00:00Z'), 0, []],
    [new Date('2026-01-30T23:59:59Z'), 0, []],
    [new Date('2026-01-30T00:00:00Z'), 1, []],
    [new Date('2026-01-31T00:00:01Z'), -1, ['it expired at 2026-01-31T00:00:00.000Z']],
    [new Date('2025-12-31T23:59:59Z'), 30, ['it is not valid before 2026-01-01T00:00:00.000Z']],
  ])('at %s', async (now, daysLeft, objections) => {
    const { certificate } = await root.issueLeaf({ notBefore: new Date('2026-01-01T00:00:00Z'), days: 30 });
    expect(summed(certificate, now)).toMatchObject({ daysLeft, objections });
  });
});

test('objections are those of what it is', async () => {
  const { certificate } = await root.issueLeaf({ subject: '', keyUsages: [], hash: 'SHA-1' });
  expect(summed(certificate).objections).toEqual([
    'the leaf has no digitalSignature key usage',
    'the leaf cannot be relied on: it is signed with SHA-1; SHA-256 or stronger is needed',
    'the leaf has an empty subject',
  ]);
});
