/** What the sandbox issues, with openssl and node:crypto as judges. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCertificateAuthority, type KeyType } from '../../src/sandbox/index.ts';
import { keyTypes } from '../../src/sandbox/key-types.ts';
import { leafViolations } from '../../src/trust/x509/leaf-constraints.ts';
import type { JudgedCertificate } from '../../src/trust/x509/certificate.ts';
import { isSignedByKeyOf } from '../../src/trust/x509/certificate-signature.ts';
import { decodeCertificates } from '../../src/trust/x509/read-certificate.ts';
import { withVerifiers } from '../../src/trust/x509/verify-signature.ts';
import { makeFolder, openssl, removeFolder } from '../support/openssl.ts';

let folder: string;

beforeAll(() => {
  folder = makeFolder();
});

afterAll(() => removeFolder(folder));

const isMlDsa = (type: KeyType): boolean => type.startsWith('ML-DSA');
const [mlDsaTypes, otherTypes] = [keyTypes.filter(isMlDsa), keyTypes.filter((type) => !isMlDsa(type))];

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('openssl', () => {
  test.each(otherTypes)('verifies a chain of %s', async (keyType) => {
    const root = await createCertificateAuthority({ keyType });
    const intermediate = await root.issueIntermediate({ keyType, pathLength: 0 });
    const leaf = await intermediate.issueLeaf({ keyType, alternativeNames: [{ type: 'dns', value: 'a.example' }] });
    const anchor = write(`${keyType}-root.pem`, root.certificate);
    const chain = write(`${keyType}-chain.pem`, leaf.chain);
    const path = write(`${keyType}-leaf.pem`, leaf.certificate);
    const answer = openssl([
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      anchor,
      '-untrusted',
      chain,
      path,
    ]);
    expect(answer.toString()).toBe(`${path}: OK\n`);
    const text = openssl(['x509', '-in', path, '-noout', '-text']).toString();
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:FALSE\n/);
    expect(createPublicKey(createPrivateKey(leaf.privateKey)).export({ format: 'pem', type: 'spki' })).toBe(
      new X509Certificate(leaf.certificate).publicKey.export({ format: 'pem', type: 'spki' }),
    );
  });

  test.each(mlDsaTypes)('reads a leaf with a %s key', async (keyType) => {
    const root = await createCertificateAuthority();
    const leaf = await root.issueLeaf({ keyType });
    const path = write(`${keyType}-leaf.pem`, leaf.certificate);
    const text = openssl(['x509', '-in', path, '-noout', '-text']).toString();
    const last = { 'ML-DSA-44': 17, 'ML-DSA-65': 18, 'ML-DSA-87': 19 }[keyType as string];
    // openssl 3.5 knows the name, openssl 3.0 the number.
    expect(text).toMatch(new RegExp(`Public Key Algorithm: (${keyType}|2\\.16\\.840\\.1\\.101\\.3\\.4\\.3\\.${last})`));
  });
});

describe('ML-DSA', () => {
  test.each(mlDsaTypes)('%s signs certificates', async (keyType) => {
    const root = await createCertificateAuthority({ keyType });
    const leaf = await root.issueLeaf({ keyType });
    const [issuer] = decodeCertificates(root.certificate);
    const [certificate] = decodeCertificates(leaf.certificate);
    if (issuer === undefined || certificate === undefined) throw new Error('no certificate');
    expect(leafViolations(certificate)).toEqual([]);
    const isSigned = (one: JudgedCertificate, by: JudgedCertificate) => withVerifiers(() => isSignedByKeyOf(one, by));
    expect(await isSigned(certificate, issuer)).toBe(true);
    expect(await isSigned(issuer, issuer)).toBe(true);
    expect(await isSigned(certificate, certificate)).toBe(false);
  });

  test.each(mlDsaTypes)('the %s key file holds seed and expanded key', async (keyType) => {
    const leaf = await (await createCertificateAuthority()).issueLeaf({ keyType });
    const der = openssl(['asn1parse', '-in', write(`${keyType}.key`, leaf.privateKey)]).toString();
    expect(der.split('\n')[0]).toMatch(/SEQUENCE/);
    const algorithm = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 }[keyType as string];
    const bytes = Buffer.from(leaf.privateKey.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    const secretLength = algorithm?.lengths.secretKey ?? 0;
    const seed = bytes.subarray(bytes.length - secretLength - 4 - 32, bytes.length - secretLength - 4);
    expect(Buffer.from(algorithm?.keygen(seed).secretKey ?? [])).toEqual(bytes.subarray(bytes.length - secretLength));
  });
});

describe('a leaf as wished', () => {
  test('has the subject, names, serial number and validity asked for', async () => {
    const root = await createCertificateAuthority({ subject: 'CN=My CA, O=Example' });
    const leaf = await root.issueLeaf({
      subject: 'C=DE, CN=J\u00fcrgen',
      serialNumber: 0xf1e2n,
      notBefore: new Date('2026-01-01T00:00:00Z'),
      days: 10,
      alternativeNames: [
        { type: 'dns', value: 'a.example' },
        { type: 'url', value: 'spiffe://example/a' },
      ],
    });
    const certificate = new X509Certificate(leaf.certificate);
    expect(certificate.issuer).toBe('CN=My CA\nO=Example');
    expect(certificate.subject).toBe('C=DE\nCN=J\u00fcrgen');
    expect(certificate.serialNumber).toBe('F1E2');
    expect(leaf.serialNumber).toBe(0xf1e2n);
    expect(certificate.validTo).toBe('Jan 11 00:00:00 2026 GMT');
    expect(certificate.subjectAltName).toBe('DNS:a.example, URI:spiffe://example/a');
  });

  test('random serial numbers are positive and differ', async () => {
    const root = await createCertificateAuthority();
    const [one, other] = [await root.issueLeaf(), await root.issueLeaf()];
    expect(one.serialNumber.toString(16)).toMatch(/^[4-7][0-9a-f]{31}$/);
    expect(one.serialNumber).not.toBe(other.serialNumber);
    expect(BigInt(`0x${new X509Certificate(one.certificate).serialNumber}`)).toBe(one.serialNumber);
  });
});
