/** What files say of the trust anchor: its certificates, and the CRLs that are imported for it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AccountFiles } from '../../src/doctor/read-account.ts';
import { type IssuedChain, useIssuedChain } from '../support/issued-chain.ts';
import { type CertificateOptions, type Issued, makeCa, makeLeaf } from '../support/openssl.ts';
import { makeCrl } from '../support/openssl-crl.ts';
import { diagnose, findingsOf, wrongIn } from './diagnose.ts';

let issued: IssuedChain;
useIssuedChain((made) => (issued = made));

const day = 86_400_000;
const at = (days: number): Date => new Date(Date.now() + days * day);
const arns = [
  ...[
    '--trust-anchor-arn',
    'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555',
  ],
  ...['--profile-arn', 'arn:aws:rolesanywhere:us-east-1:111122223333:profile/66666666-7777-8888-9999-000000000000'],
  ...['--role-arn', 'arn:aws:iam::111122223333:role/OnPrem'],
];

function diagnosed({ certificate, key }: Issued, account: AccountFiles, more: readonly string[] = []) {
  const args = [...arns, '--certificate', certificate, '--private-key', key, ...more];
  return diagnose({ args, account, context: { offline: true } });
}

describe('a CRL', () => {
  function withCrl(options: Parameters<typeof makeCrl>[2], anchors: readonly string[]) {
    const { folder, root, sub, leaf } = issued;
    const crl = join(folder, 'given.crl');
    writeFileSync(crl, makeCrl(folder, root, options));
    return diagnosed(leaf, { crls: [crl], trustAnchorCertificates: anchors }, ['--intermediates', sub.certificate]);
  }

  test('that lists what is sent along', async () => {
    const { serialNumber } = new X509Certificate(readFileSync(issued.sub.certificate));
    const report = await withCrl({ revoked: [[serialNumber]] }, [issued.root.certificate]);
    expect(wrongIn(report)).toEqual(['trust: revoked']);
  });

  test('that lists others', async () => {
    expect(wrongIn(await withCrl({ revoked: [['2002']] }, [issued.root.certificate]))).toEqual([]);
  });

  test('past its nextUpdate: what it means is said, and that AWS does not say it', async () => {
    const nextUpdate = at(-1);
    const dates = { lastUpdate: at(-9), nextUpdate };
    const report = await withCrl(dates, [issued.root.certificate]);
    expect(wrongIn(report)).toEqual(['trust: crl']);
    const told = findingsOf(report, 'trust').find(({ cause }) => cause === 'crl');
    const second = nextUpdate.toISOString().slice(0, 19);
    expect(told?.message).toContain(`should have been followed by a newer one at ${second}`);
    expect(told?.hints).toEqual([
      'import the newest CRL of the CA (aws rolesanywhere update-crl): what was revoked since is not in this one',
      expect.stringContaining('AWS documents nothing of nextUpdate'),
    ]);
    const { serialNumber } = new X509Certificate(readFileSync(issued.sub.certificate));
    const revoked = await withCrl({ ...dates, revoked: [[serialNumber]] }, [issued.root.certificate]);
    expect(wrongIn(revoked)).toEqual(['trust: revoked', 'trust: crl']);
  });

  test('without the certificate of the trust anchor: it is said that nobody looks at it', async () => {
    expect(wrongIn(await withCrl({}, []))).toEqual(['trust: crl']);
  });
});

describe('a trust anchor', () => {
  test.each<[string, CertificateOptions, readonly string[], RegExp]>([
    ['that has expired', { notBefore: at(-90), notAfter: at(-1) }, ['expiry: path'], / expired at /],
    ['that is not valid yet', { notBefore: at(1), notAfter: at(900) }, ['expiry: path'], / is not valid before /],
    ['that expires soon', { notBefore: at(-900), notAfter: at(9) }, ['expiry: expires-soon'], /, in 8 days$/],
    ['in its time', {}, [], /^the leaf /],
  ])('%s', async (_name, options, wrong, message) => {
    const ca = makeCa(issued.folder, 'dated', options);
    const report = await diagnosed(makeLeaf(issued.folder, 'dated-leaf', ca), {
      trustAnchorCertificates: [ca.certificate],
    });
    expect(wrongIn(report)).toEqual(wrong);
    const told = findingsOf(report, 'expiry').find(({ status }) => wrong.length === 0 || status !== 'PASS');
    expect(told?.message).toMatch(message);
  });

  describe('of two certificates, one of them out of its time', () => {
    const dated = (name: string, options: CertificateOptions) => makeCa(issued.folder, name, options);
    const [old, young] = [
      { notBefore: at(-90), notAfter: at(-1) },
      { notBefore: at(-1), notAfter: at(900) },
    ];

    test('is a rotation: the other one counts', async () => {
      const anchors = [dated('old', old), dated('young', young)] as const;
      const leaf = makeLeaf(issued.folder, 'rotated', anchors[1]);
      const report = await diagnosed(leaf, { trustAnchorCertificates: anchors.map(({ certificate }) => certificate) });
      expect(wrongIn(report)).toEqual([]);
      const told = findingsOf(report, 'expiry').map(({ message }) => message);
      expect(told.find((message) => message.includes('CN=old'))).toMatch(
        / expired at \S+Z: what its other certificate/,
      );
    });

    test('and the leaf is of that one', async () => {
      const anchors = [dated('old', old), dated('young', young)] as const;
      const leaf = makeLeaf(issued.folder, 'left-behind', anchors[0]);
      const report = await diagnosed(leaf, { trustAnchorCertificates: anchors.map(({ certificate }) => certificate) });
      expect(wrongIn(report)).toEqual(['trust: path']);
    });

    test('both: each is told once', async () => {
      const anchors = [dated('old', old), dated('older', { ...old, notAfter: at(-2) })] as const;
      const leaf = makeLeaf(issued.folder, 'late', anchors[0]);
      const report = await diagnosed(leaf, { trustAnchorCertificates: anchors.map(({ certificate }) => certificate) });
      expect(wrongIn(report)).toEqual(['expiry: path']);
      expect(findingsOf(report, 'expiry').filter(({ status }) => status === 'FAIL')).toHaveLength(2);
    });
  });

  test('an intermediate that is sent along and has expired is told once', async () => {
    const root = makeCa(issued.folder, 'root-of-dated');
    const sub = makeCa(issued.folder, 'dated-sub', { issuer: root, notBefore: at(-90), notAfter: at(-1) });
    const leaf = makeLeaf(issued.folder, 'below-dated', sub);
    const known = { trustAnchorCertificates: [root.certificate] };
    const report = await diagnosed(leaf, known, ['--intermediates', sub.certificate]);
    expect(wrongIn(report)).toEqual(['expiry: CERTIFICATE_EXPIRED']);
  });
});
