/**
 * The client reads certificates in identity/x509, and the sandbox in trust/: two readers that share no line. Here both
 * read the same certificates, good ones and thousands that are wrong somewhere, and have to say the same of each.
 *
 * ROLES_ANYWHERE_TEST_CERTIFICATES=1000000 reads that many, of another seed each time; it is printed when they differ.
 */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import * as fc from '../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { Problem } from '../../src/identity/problem.ts';
import { distinguishedName } from '../../src/identity/x509/distinguished-name.ts';
import { parseX509 } from '../../src/identity/x509/parse-certificate.ts';
import { describePublicKey, isSupported } from '../../src/identity/x509/public-key.ts';
import type { DistinguishedName } from '../../src/trust/x509/certificate.ts';
import { readPublicKey } from '../../src/trust/x509/public-key.ts';
import { decodeCertificate } from '../../src/trust/x509/read-certificate.ts';
import { editedOften, editedOnce, splitCertificate } from '../support/crafted-certificates.ts';

const asked = process.env['ROLES_ANYWHERE_TEST_CERTIFICATES'];
const runs = { numRuns: Number(asked ?? 6000), ...(asked === undefined ? { seed: 20_260_115 } : {}) };

/** What both tell of a certificate; or that, and why, it is none. */
type Reading = Readonly<Record<string, unknown>> | { readonly refused: string };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function readByClient(der: Uint8Array): Reading {
  try {
    const { serialNumber, version, notBefore, notAfter, ...certificate } = parseX509(der);
    const { subject, issuer, publicKeyInfo, basicConstraints, keyUsage } = certificate;
    return {
      serialNumber,
      version,
      notBefore,
      notAfter,
      subject: hex(subject),
      issuer: hex(issuer),
      commonNames: [subject, issuer].map((name) => commonNameOf(distinguishedName(name))),
      publicKeyInfo: hex(publicKeyInfo),
      signatureAlgorithm: certificate.signatureAlgorithm,
      basicConstraints,
      keyUsage: keyUsage && [keyUsage.has('digitalSignature'), keyUsage.has('keyCertSign')],
    };
  } catch (error) {
    if (error instanceof Problem) return { refused: error.message };
    throw error;
  }
}

function readByTrust(der: Uint8Array): Reading {
  try {
    const { serialNumber, version, notBefore, notAfter, ...certificate } = decodeCertificate(der);
    const { subject, issuer, publicKeyInfo, basicConstraints, keyUsage } = certificate;
    return {
      serialNumber,
      version,
      notBefore,
      notAfter,
      subject: hex(subject.der),
      issuer: hex(issuer.der),
      commonNames: [subject, issuer].map(lastCommonName),
      publicKeyInfo: hex(publicKeyInfo),
      signatureAlgorithm: certificate.signatureAlgorithm.oid,
      basicConstraints,
      keyUsage: keyUsage && [keyUsage.digitalSignature, keyUsage.keyCertSign],
    };
  } catch (error) {
    if (error instanceof RolesAnywhereError && error.code === 'CERTIFICATE_INVALID') return { refused: error.message };
    throw error;
  }
}

/** The client writes names as Go does: of several common names the last one, and special characters escaped. */
function commonNameOf(text: string): string {
  const [, escaped = ''] = /(?:^|,)CN=((?:\\.|[^\\,+])*)/su.exec(text) ?? [];
  return escaped.replaceAll(/\\(.)/gsu, '$1');
}

const lastCommonName = ({ attributes }: DistinguishedName): string =>
  attributes.findLast(({ type }) => type === 'CN')?.value ?? '';

/**
 * Undefined where both say the same; both may refuse, each in its own words. Alternative names and name constraints are
 * what only the service has a use for, so that only trust/ can refuse them.
 */
function difference(der: Uint8Array): unknown {
  const [client, trust] = [readByClient(der), readByTrust(der)];
  if ('refused' in trust && ('refused' in client || /alternative names|name constraints/.test(String(trust.refused))))
    return undefined;
  return fc.stringify(client) === fc.stringify(trust) ? undefined : { client, trust, der: hex(der) };
}

const folder = new URL('../../certs-fixtures/', import.meta.url);
const fixtures = ['made', 'vectors'].flatMap((name) =>
  readdirSync(new URL(`${name}/`, folder))
    .filter((file) => file.endsWith('.pem'))
    .map((file) => `${name}/${file}`),
);

function certificatesOf(path: string): Buffer[] {
  const blocks = readFileSync(new URL(path, folder), 'latin1').matchAll(
    /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g,
  );
  return Array.from(blocks, ([, base64 = '']) => Buffer.from(base64, 'base64'));
}

const samples = fixtures.flatMap(certificatesOf);

test.each(fixtures)('%s', (path) => {
  for (const der of certificatesOf(path)) {
    const client = readByClient(der);
    expect(client).not.toHaveProperty('refused');
    expect(client).toEqual(readByTrust(der));
    expect(client).toMatchObject({ serialNumber: BigInt(`0x${new X509Certificate(der).serialNumber}`) });
  }
});

const byField = new Map<string, Buffer[]>();
for (const sample of ['vectors/p256.pem', 'vectors/rsa2048.pem'].flatMap(certificatesOf)) {
  for (const [field, der] of editedOnce(splitCertificate(sample))) {
    byField.set(field, [...(byField.get(field) ?? []), der]);
  }
}

describe('one field changed', () => {
  test.each([...byField.keys()])('%s', (field) => {
    const certificates = byField.get(field) ?? [];
    expect(certificates.flatMap((der) => difference(der) ?? [])).toEqual([]);
    const read = certificates.filter((der) => !('refused' in readByClient(der)));
    // Neither are all taken nor all refused, but for what may not follow the end of anything.
    expect(read.length > 0).toBe(field !== 'trailing');
    expect(read.length).toBeLessThan(certificates.length);
  });
});

test(
  'several fields and the encoding changed',
  () => {
    fc.assert(
      fc.property(editedOften(samples.map(splitCertificate)), (der) => {
        expect(difference(der)).toBeUndefined();
      }),
      runs,
    );
  },
  Infinity,
);

test('both tell the kind and size of a key alike, or that it is none that Roles Anywhere takes', () => {
  for (const der of byField.get('publicKeyInfo') ?? []) {
    if ('refused' in readByClient(der)) continue;
    const { publicKeyInfo } = parseX509(der);
    const description = describePublicKey(publicKeyInfo);
    const key = readPublicKey(publicKeyInfo);
    if ('problem' in key) continue;
    expect(isSupported(description)).toBe(true);
    expect(description).toMatchObject({ family: key.family === 'ECDSA' ? 'EC' : key.family });
  }
});

test('a negative serial number is one to neither', () => {
  const [sample] = samples;
  const parts = splitCertificate(sample ?? Buffer.of());
  const negative = [...editedOnce(parts)].filter(
    ([field, der]) => field === 'serialNumber' && /negative/.test(String(Object(readByClient(der)).refused)),
  );
  expect(negative.length).toBeGreaterThan(5);
  for (const [, der] of negative) expect(readByTrust(der)).toEqual({ refused: expect.stringContaining('negative') });
});
