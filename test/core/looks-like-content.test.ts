import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { looksLikeContent } from '../../src/core/looks-like-content.ts';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const der = key.export({ type: 'pkcs8', format: 'der' });

describe('content', () => {
  test.each<[string, string]>([
    ['PEM', key.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['the beginning of PEM', '-----BEGIN'],
    ['two lines', 'a\nb'],
    ['base64 of DER', der.toString('base64')],
    ['of SEC1', key.export({ type: 'sec1', format: 'der' }).toString('base64')],
    ['of PEM', Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })).toString('base64')],
    ['base64url', der.toString('base64url')],
    ['hexadecimal', der.toString('hex')],
    ['one name of 256 characters', `/etc/${'x'.repeat(256)}/leaf.pem`],
    ['10 MB of one letter', 'a'.repeat(10_000_000)],
    ['10 MB of short names and a long one', `${'ab/'.repeat(3_400_000)}${'x'.repeat(256)}`],
  ])('%s', (_, text) => {
    expect(looksLikeContent(text)).toBe(true);
  });

  test('random base64 of 60 characters and more, nearly always', () => {
    const random = createHash('shake256', { outputLength: 1_000_000 }).update('any').digest();
    const samples = Array.from({ length: 2000 }, (_, index) =>
      random.subarray(300 * index, 300 * index + 45 + (index % 300)).toString('base64'),
    );
    // One in 64 begins like an absolute path.
    const others = samples.filter((sample) => !sample.startsWith('/'));
    expect(others.filter((sample) => !looksLikeContent(sample)).length).toBeLessThan(4);
  });
});

describe('a path or value', () => {
  test.each([
    '/etc/pki/leaf.pem',
    'leaf.key',
    'certificates/production/eu-central-1/billing-service/leaf-certificate',
    'leaf-certificate-of-the-production-environment-of-the-billing-service',
    'Certificates/Production/EuCentral1/BillingService/LeafCertificate2026',
    'secrets/8f14e45fceea167a5a36dedd4bea2543/f47ac10b-58cc-4372-a567-0e02b2c3d479/key',
    String.raw`certificates\production\eu-central-1\billing-service\leaf-certificate`,
    'C:/ProgramData/Certificates/Production/EuCentral1/BillingService/Leaf',
    `/${'MIIBtzCC'.repeat(20)}`,
    `~/${'certificates/'.repeat(90)}leaf`,
    '',
  ])('%s', (text) => {
    expect(looksLikeContent(text)).toBe(false);
  });

  test('of 10 MB, which ends nothing', () => {
    expect(looksLikeContent('ab/'.repeat(3_400_000))).toBe(false);
  });
});
