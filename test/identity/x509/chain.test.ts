import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '../../../src/identity/problem.ts';
import type { Certificate } from '../../../src/identity/x509/certificate.ts';
import { chainOf, findIssuers } from '../../../src/identity/x509/chain.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import { certificateDer, type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../../support/openssl.ts';

let folder: string;
let root: Issued;
let upper: Issued;
let lower: Issued;
let leaf: Issued;
beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root');
  upper = makeCa(folder, 'upper', { issuer: root });
  lower = makeCa(folder, 'lower', { issuer: upper });
  leaf = makeLeaf(folder, 'leaf', lower);
});
afterAll(() => removeFolder(folder));

const parse = ({ certificate }: { readonly certificate: string }): Certificate =>
  parseX509(certificateDer(certificate));

/** The file names of what is sent for this leaf out of this bag. */
async function sent(of: Issued, bag: readonly Issued[]): Promise<readonly string[]> {
  const chain = await chainOf(await findIssuers(parse(of), bag.map(parse)));
  return chain.map(({ der }) => bag.find((one) => certificateDer(one.certificate).equals(der))?.certificate ?? '?');
}

const paths = (...issued: readonly Issued[]): readonly string[] => issued.map(({ certificate }) => certificate);

test('issuer of the leaf first, then its issuer, whatever the order of the bag; the root stays at home', async () => {
  const expected = paths(lower, upper);
  expect(await sent(leaf, [lower, upper, root])).toEqual(expected);
  expect(await sent(leaf, [root, upper, lower])).toEqual(expected);
  expect(await sent(leaf, [upper, root, lower])).toEqual(expected);
  expect(await sent(leaf, [lower, upper])).toEqual(expected);
});

test('no leaf, no duplicates, nothing unrelated', async () => {
  const stranger = makeCa(folder, 'stranger');
  const strangersChild = makeCa(folder, 'strangers-child', { issuer: stranger });
  const sibling = makeLeaf(folder, 'sibling', lower);
  const bag = [leaf, lower, sibling, lower, stranger, upper, upper, strangersChild, leaf];
  expect(await sent(leaf, bag)).toEqual(paths(lower, upper));
});

test('an issuer further up does not count without the one between', async () => {
  expect(await sent(leaf, [upper, root])).toEqual([]);
  expect(await sent(leaf, [])).toEqual([]);
});

test('a root that issued the leaf itself is found, and not sent', async () => {
  const direct = makeLeaf(folder, 'direct', root);
  const issuers = await findIssuers(parse(direct), [parse(root)]);
  expect(issuers.map(({ der }) => der)).toEqual([certificateDer(root.certificate)]);
  expect(await chainOf(issuers)).toEqual([]);
});

test('the same name with another key is no issuer, with key identifiers and without', async () => {
  const impostor = makeCa(folder, 'impostor', { subject: '/CN=lower', issuer: upper });
  expect(await sent(leaf, [impostor, lower, upper])).toEqual(paths(lower, upper));
  const bare = ['basicConstraints = critical, CA:TRUE', 'keyUsage = keyCertSign', 'subjectKeyIdentifier = none'];
  const bareCa = makeCa(folder, 'bare', { extensions: bare });
  const bareImpostor = makeCa(folder, 'bare-impostor', { subject: '/CN=bare', extensions: bare, issuer: root });
  const bareSub = makeCa(folder, 'bare-sub', { key: bareCa.key, subject: '/CN=bare', extensions: bare, issuer: root });
  const child = makeLeaf(folder, 'child', bareCa, { extensions: ['keyUsage = digitalSignature'] });
  expect(parse(child).authorityKeyIdentifier).toBeUndefined();
  expect(await sent(child, [bareImpostor, bareSub])).toEqual(paths(bareSub));
});

test('the same key under another name is no issuer', async () => {
  const renamed = makeCa(folder, 'renamed', { key: lower.key, issuer: upper });
  expect(parse(renamed).subjectKeyIdentifier).toEqual(parse(leaf).authorityKeyIdentifier);
  expect(await sent(leaf, [renamed])).toEqual([]);
});

test('key identifiers that disagree rule an issuer out', async () => {
  const same = { key: lower.key, subject: '/CN=lower', issuer: upper } as const;
  const relabelled = makeCa(folder, 'relabelled', {
    ...same,
    extensions: ['basicConstraints = CA:TRUE', 'subjectKeyIdentifier = 00112233'],
  });
  expect(await sent(leaf, [relabelled])).toEqual([]);
});

test('both of two cross-signed issuers are sent, level by level', async () => {
  const other = makeCa(folder, 'other-root');
  const cross = makeCa(folder, 'cross', { key: lower.key, subject: '/CN=lower', issuer: other });
  expect(await sent(leaf, [upper, cross, lower, root, other])).toEqual(paths(cross, lower, upper));
  // A root certified by another root is an intermediate like any other.
  const crossRoot = makeCa(folder, 'cross-root', { key: root.key, subject: '/CN=root', issuer: other });
  expect(await sent(leaf, [crossRoot, lower, upper, root, other])).toEqual(paths(lower, upper, crossRoot));
});

test('CAs that certified each other do not make it run for ever', async () => {
  const one = makeCa(folder, 'one');
  const two = makeCa(folder, 'two');
  const oneByTwo = makeCa(folder, 'one-by-two', { key: one.key, subject: '/CN=one', issuer: two });
  const twoByOne = makeCa(folder, 'two-by-one', { key: two.key, subject: '/CN=two', issuer: one });
  const child = makeLeaf(folder, 'child-of-one', one);
  expect(await sent(child, [twoByOne, oneByTwo, one, two])).toEqual(paths(oneByTwo, twoByOne));
});

test('a CA that certified its own new key is sent', async () => {
  const old = makeCa(folder, 'rollover-old', { subject: '/CN=rollover' });
  const link = makeCa(folder, 'rollover-link', { subject: '/CN=rollover', issuer: old });
  const child = makeLeaf(folder, 'rollover-child', link);
  expect(await sent(child, [old, link])).toEqual(paths(link));
});

describe('the service takes five', () => {
  const ladder = (count: number): readonly Issued[] => {
    const rungs: Issued[] = [root];
    for (let rung = 1; rung <= count; rung++)
      rungs.push(makeCa(folder, `rung-${rung}`, { issuer: rungs[rung - 1] ?? root }));
    return rungs;
  };

  test('and five are sent', async () => {
    const rungs = ladder(5);
    const child = makeLeaf(folder, 'fifth', rungs[5] ?? root);
    expect(await sent(child, rungs)).toEqual(paths(...rungs.slice(1).reverse()));
  });

  test('six are an error', async () => {
    const rungs = ladder(6);
    const child = makeLeaf(folder, 'sixth', rungs[6] ?? root);
    const outcome = sent(child, rungs);
    await expect(outcome).rejects.toBeInstanceOf(Problem);
    await expect(outcome).rejects.toMatchObject({
      code: 'CHAIN_TOO_LONG',
      message: 'needs 6 intermediate certificates, and the service takes 5',
      details: { hints: ['make an intermediate certificate the trust anchor, and leave it and those above it out'] },
    });
  });
});

describe('issuers of every kind are recognised', () => {
  test.each([
    ['rsa:2048', 'sha256', false],
    ['rsa:2048', 'sha512', false],
    ['rsa:2048', 'sha1', false],
    ['rsa:2048', 'sha256', true],
    ['rsa:2048', 'sha384', true],
    ['p384', 'sha384', false],
    ['p521', 'sha512', false],
    ['p256', 'sha256', false],
    ['ed25519', 'sha256', false],
  ] as const)('%s with %s, RSASSA-PSS: %s', async (keyType, hash, pss) => {
    const top = makeCa(folder, 'kind-root', { keyType });
    const sub = makeCa(folder, 'kind-sub', { keyType, issuer: top, hash, pss });
    const child = makeLeaf(folder, 'kind-leaf', sub, { hash, pss });
    expect(await sent(child, [top, sub])).toEqual(paths(sub));
  });

  test('ML-DSA', async () => {
    const made = (name: string): Certificate => {
      const pem = readFileSync(new URL(`../../../certs-fixtures/made/${name}.pem`, import.meta.url), 'utf8');
      return parseX509(Buffer.from(pem.split('-----')[2] ?? '', 'base64'));
    };
    const ca = made('ml-dsa-ca');
    const child = made('ml-dsa-44-by-ml-dsa');
    const issuers = await findIssuers(child, [parse(root), ca]);
    expect(issuers).toEqual([ca]);
    expect(await chainOf(issuers)).toEqual([]);
    expect(
      await findIssuers({ ...child, der: Buffer.concat([child.der.subarray(0, -1), Buffer.of(0x55)]) }, [ca]),
    ).toEqual([]);
  });
});
