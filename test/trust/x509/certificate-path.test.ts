/** Paths over small PKIs made by openssl, with `openssl verify` as judge wherever it looks at the same rules. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JudgedCertificate } from '../../../src/trust/x509/certificate.ts';
import { findPath, type PathResult } from '../../../src/trust/x509/certificate-path.ts';
import { anchorViolations } from '../../../src/trust/x509/issuer-constraints.ts';
import { decodeCertificate } from '../../../src/trust/x509/read-certificate.ts';
import {
  certificateDer,
  type CertificateOptions,
  concatenate,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  openssl,
  removeFolder,
} from '../../support/openssl.ts';

const day = 86_400_000;
let folder: string;
let count = 0;
let root: Issued;
let sub: Issued;
let subsub: Issued;

beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root', { keyType: 'rsa:2048' });
  sub = makeCa(folder, 'sub', { issuer: root });
  subsub = makeCa(folder, 'subsub', { issuer: sub, keyType: 'p384' });
});

afterAll(() => removeFolder(folder));

const ca = (options: CertificateOptions & { issuer?: Issued }, name = `ca-${(count += 1)}`): Issued =>
  makeCa(folder, name, options);
const leafOf = (issuer: Issued, options: CertificateOptions = {}): Issued =>
  makeLeaf(folder, `leaf-${(count += 1)}`, issuer, options);

const read = (issued: Issued): JudgedCertificate => decodeCertificate(certificateDer(issued.certificate));

async function pathOf(leaf: Issued, chain: readonly Issued[], anchors: readonly Issued[]): Promise<PathResult> {
  return findPath({ leaf: read(leaf), chain: chain.map(read), anchors: anchors.map(read), now: new Date() });
}

const file = (name: string, certificates: readonly Issued[]): string =>
  concatenate(
    folder,
    `${name}-${(count += 1)}.pem`,
    certificates.map(({ certificate }) => certificate),
  );

/** What openssl says of the same: the anchors are trusted as they are, roots or not. */
function opensslAccepts(leaf: Issued, chain: readonly Issued[], anchors: readonly Issued[]): boolean {
  const untrusted = chain.length === 0 ? [] : ['-untrusted', file('chain', chain)];
  const args = ['verify', '-partial_chain', '-no-CAfile', '-no-CApath', '-trusted', file('anchors', anchors)];
  try {
    openssl([...args, ...untrusted, leaf.certificate]);
    return true;
  } catch {
    return false;
  }
}

const texts = (result: PathResult): string[] | string =>
  'path' in result ? result.path.map(({ subject }) => subject.text) : result.problem;

describe('paths that are found', () => {
  const cases: [string, () => [Issued, Issued[], Issued[]], number][] = [
    ['from a leaf of the root', () => [leafOf(root), [], [root]], 2],
    ['over an intermediate', () => [leafOf(sub), [sub], [root]], 3],
    ['over two, in order', () => [leafOf(subsub), [subsub, sub], [root]], 4],
    ['over two, in reverse', () => [leafOf(subsub), [sub, subsub], [root]], 4],
    ['to an intermediate as anchor', () => [leafOf(subsub), [subsub], [sub]], 3],
    [
      'to an intermediate as anchor, with the rest of the chain sent along',
      () => [leafOf(subsub), [subsub, sub], [sub]],
      3,
    ],
    ['straight to an anchor that is in the chain too', () => [leafOf(sub), [sub], [sub]], 2],
    ['with the root in the chain', () => [leafOf(sub), [sub, root], [root]], 3],
    ['with a stranger in the chain', () => [leafOf(sub), [ca({}), sub], [root]], 3],
    ['to the second of two anchors', () => [leafOf(sub), [sub], [ca({}), root]], 3],
    ['signed with RSASSA-PSS', () => [leafOf(root, { pss: true }), [], [root]], 2],
    ['over a CA without key usage', () => viaCa({ extensions: ['basicConstraints = CA:TRUE'] }), 3],
    ['over a CA with a path length of 0', () => viaCa({ extensions: caWith('pathlen:0') }), 3],
  ];

  test.each(cases)('%s', async (_name, make, length) => {
    const [leaf, chain, anchors] = make();
    const result = await pathOf(leaf, chain, anchors);
    expect(texts(result)).toHaveLength(length);
    expect(opensslAccepts(leaf, chain, anchors)).toBe(true);
  });

  test('round a renewed intermediate of the same name that has expired', async () => {
    const expired = ca({ issuer: root, subject: '/CN=sub', key: sub.key, notAfter: new Date(Date.now() - 60_000) });
    const leaf = leafOf(sub);
    expect(texts(await pathOf(leaf, [expired, sub], [root]))).toEqual([
      expect.stringMatching(/^CN=leaf/),
      'CN=sub',
      'CN=root',
    ]);
  });

  test('over either certificate of a CA that is cross-signed', async () => {
    const other = ca({});
    const cross = ca({ issuer: other, subject: sub.subject, key: sub.key });
    const leaf = leafOf(sub);
    expect(texts(await pathOf(leaf, [cross, sub], [root]))).toHaveLength(3);
    expect(texts(await pathOf(leaf, [sub, cross], [other]))).toHaveLength(3);
  });

  test('past a root that is named like the anchor', async () => {
    const twin = ca({ subject: root.subject });
    expect(texts(await pathOf(leafOf(root), [], [twin, root]))).toHaveLength(2);
  });
});

/** A CA with name constraints, and a leaf of this subject and these alternative names below it. */
function confined(constraints: string, subject: string, names = ''): [Issued, Issued[], Issued[]] {
  const between = ca({
    issuer: root,
    extensions: [
      'basicConstraints = critical, CA:TRUE',
      `nameConstraints = critical, ${constraints}`,
      '[tree]',
      'O = Example',
    ],
  });
  const extensions = ['basicConstraints = CA:FALSE', 'keyUsage = digitalSignature'];
  const alternative = names === '' ? [] : [`subjectAltName = ${names}`, '[elsewhere]', 'O = Elsewhere'];
  return [leafOf(between, { subject, extensions: [...extensions, ...alternative] }), [between], [root]];
}

describe('name constraints', () => {
  const within: [string, string, string?][] = [
    ['permitted;dirName:tree', '/O=Example/CN=x'],
    ['permitted;dirName:tree', '/O=  EXAMPLE /CN=x'],
    ['excluded;dirName:tree', '/O=Other/CN=x'],
    ['permitted;DNS:example.com', '/CN=x', 'DNS:example.com'],
    ['permitted;DNS:example.com', '/CN=x', 'DNS:a.b.EXAMPLE.com, DNS:*.example.com'],
    ['permitted;DNS:example.com', '/CN=x', 'URI:https://elsewhere.org/'],
    ['permitted;DNS:a.com, permitted;DNS:b.com', '/CN=x', 'DNS:x.b.com'],
    ['excluded;DNS:example.com', '/CN=x', 'DNS:myexample.com'],
    ['permitted;URI:.example.com', '/CN=x', 'URI:spiffe://prod.example.com/worker'],
    ['permitted;URI:host.example.com', '/CN=x', 'URI:https://host.example.com:8443/a?b#c'],
    ['permitted;email:example.com', '/CN=x', 'email:a@example.com'],
    ['permitted;email:.example.com', '/CN=x', 'email:a@mail.example.com'],
    ['permitted;email:a@example.com', '/CN=x', 'email:a@EXAMPLE.com'],
    ['permitted;email:example.com', '/CN=x/emailAddress=a@example.com'],
    ['permitted;IP:10.0.0.0/255.0.0.0', '/CN=x', 'IP:10.1.2.3'],
    ['excluded;IP:10.0.0.0/255.0.0.0', '/CN=x', 'IP:11.1.2.3, IP:2001:db8::1'],
    ['permitted;IP:2001:db8::/ffff:ffff::', '/CN=x', 'IP:2001:db8::1'],
  ];

  test.each(within)('%s has %s %s', async (constraints, subject, names) => {
    const [leaf, chain, anchors] = confined(constraints, subject, names);
    expect(texts(await pathOf(leaf, chain, anchors))).toHaveLength(3);
    expect(opensslAccepts(leaf, chain, anchors)).toBe(true);
  });

  const outside: [string, string, string?][] = [
    ['permitted;dirName:tree', '/O=Other/CN=x'],
    ['permitted;dirName:tree', '/CN=x'],
    ['excluded;dirName:tree', '/O=example/CN=x'],
    ['permitted;dirName:tree', '/O=Example/CN=x', 'dirName:other'],
    ['permitted;DNS:example.com', '/CN=x', 'DNS:myexample.com'],
    ['permitted;DNS:example.com', '/CN=x', 'DNS:example.com, DNS:example.org'],
    ['permitted;DNS:.example.com', '/CN=x', 'DNS:example.com'],
    ['excluded;DNS:example.com', '/CN=x', 'DNS:a.example.com'],
    ['permitted;URI:.example.com', '/CN=x', 'URI:spiffe://example.com/worker'],
    ['permitted;URI:example.com', '/CN=x', 'URI:https://a.example.com/'],
    ['permitted;URI:example.com', '/CN=x', 'URI:urn:a:b'],
    ['excluded;URI:example.com', '/CN=x', 'URI:urn:a:b'],
    ['permitted;email:example.com', '/CN=x', 'email:a@mail.example.com'],
    ['permitted;email:a@example.com', '/CN=x', 'email:A@example.com'],
    ['permitted;email:example.com', '/CN=x/emailAddress=a@other.com'],
    ['permitted;IP:10.0.0.0/255.0.0.0', '/CN=x', 'IP:11.1.2.3'],
    ['permitted;IP:10.0.0.0/255.0.0.0', '/CN=x', 'IP:2001:db8::1'],
    ['excluded;IP:10.0.0.0/255.0.0.0', '/CN=x', 'IP:10.1.2.3'],
  ];

  test.each(outside)('%s has not %s %s', async (constraints, subject, names) => {
    const [leaf, chain, anchors] = confined(constraints, subject, names?.replace('dirName:other', 'dirName:elsewhere'));
    expect(texts(await pathOf(leaf, chain, anchors))).toMatch(
      /^the name constraints of "CN=ca-\d+" are not kept: .* is (?:not within what it permits|within what it excludes)$/,
    );
    expect(opensslAccepts(leaf, chain, anchors)).toBe(false);
  });

  test('of the anchor count too', async () => {
    const [leaf, [anchor]] = confined('permitted;DNS:example.com', '/CN=x', 'DNS:example.org');
    expect(texts(await pathOf(leaf, [], [anchor ?? root]))).toMatch(/"example.org" is not within what it permits$/);
    expect(opensslAccepts(leaf, [], [anchor ?? root])).toBe(false);
  });

  test('on a kind that is not known forbid every name of that kind, and no other', async () => {
    const constraints = 'permitted;otherName:1.2.3.4;UTF8:x';
    const [leaf, chain, anchors] = confined(constraints, '/CN=x', 'otherName:1.2.3.4;UTF8:x');
    expect(texts(await pathOf(leaf, chain, anchors))).toMatch(/a name of a kind that is not known is not within/);
    expect(opensslAccepts(leaf, chain, anchors)).toBe(false);
    expect(texts(await pathOf(...confined(constraints, '/CN=x', 'DNS:example.com')))).toHaveLength(3);
  });
});

test('while a CA changes its key, both anchors take the leaves of both', async () => {
  const old = ca({ subject: '/CN=Rolling', notAfter: new Date(Date.now() + day) }, 'rolling-old');
  const next = ca({ subject: '/CN=Rolling' }, 'rolling-next');
  const leaves = [leafOf(old), leafOf(next)];
  const found = async (anchors: Issued[]): Promise<boolean[]> =>
    Promise.all(leaves.map(async (leaf) => 'path' in (await pathOf(leaf, [], anchors))));
  expect(await found([old, next])).toEqual([true, true]);
  expect(await found([next, old])).toEqual([true, true]);
  expect(await found([old])).toEqual([true, false]);
  expect(leaves.map((leaf) => opensslAccepts(leaf, [], [old, next]))).toEqual([true, true]);
});

test('names without end are not compared', async () => {
  const [leaf, chain, anchors] = confined('permitted;DNS:example.com', '/CN=x', 'DNS:example.com');
  const [between] = chain.map(read);
  const many = Array.from({ length: 2000 }, () => 'a.example.com');
  const judged = { ...read(leaf), alternativeNames: { ...read(leaf).alternativeNames, dns: many } };
  const permitted = { ...judged.alternativeNames, dns: many };
  const issuer =
    between === undefined
      ? between
      : { ...between, nameConstraints: { permitted, excluded: { ...permitted, dns: [] } } };
  const chainOfMany = issuer === undefined ? [] : [issuer];
  const result = await findPath({ leaf: judged, chain: chainOfMany, anchors: anchors.map(read), now: new Date() });
  expect(texts(result)).toMatch(/are not kept: there are too many names to compare$/);
});

describe('certificates of a trust anchor', () => {
  const reasons = (issued: Issued): string[] => anchorViolations(read(issued)).map(({ rule }) => rule);

  test.each<[string, () => Issued, string[]]>([
    ['a root', () => root, []],
    ['an intermediate', () => sub, []],
    ['a leaf', () => leafOf(root), ['basic-constraints', 'key-usage']],
    ['version 1', () => ca({ issuer: root, extensions: [] }), ['version', 'basic-constraints']],
    [
      'without keyCertSign',
      () => ca({ extensions: ['basicConstraints = CA:TRUE', 'keyUsage = cRLSign'] }),
      ['key-usage'],
    ],
    ['signed with SHA-1', () => ca({ hash: 'sha1' }), ['hash']],
    ['an Ed25519 key', () => ca({ keyType: 'ed25519' }), ['hash', 'key']],
    [
      'an unknown critical extension',
      () => ca({ extensions: [...caWith('pathlen:1'), '1.2.3.4 = critical, ASN1:NULL'] }),
      ['critical-extension'],
    ],
  ])('%s', (_name, make, expected) => {
    expect(reasons(make())).toEqual(expected);
  });
});

test('names chain whatever their case, blanks and encoding', async () => {
  const upper = ca({ subject: '/O=Some  CA/CN=ROOT', keyType: 'p256' }, 'upper');
  const lower = ca({ subject: '/O=some ca/CN=root', key: upper.key }, 'lower');
  const leaf = leafOf(lower);
  expect(texts(await pathOf(leaf, [], [upper]))).toHaveLength(2);
  expect(opensslAccepts(leaf, [], [upper])).toBe(true);
});

describe('paths that are not', () => {
  const cases: [string, () => [Issued, Issued[], Issued[]], RegExp][] = [
    [
      'without the intermediate',
      () => [leafOf(sub), [], [root]],
      /has the issuer of "CN=leaf-\d+", which is "CN=sub"$/,
    ],
    [
      'without the upper intermediate',
      () => [leafOf(subsub), [subsub], [root]],
      /has the issuer of "CN=subsub", which is "CN=sub"$/,
    ],
    ['to another root', () => [leafOf(root), [root], [ca({})]], /has the issuer of "CN=root", which is "CN=root"$/],
    [
      'to a root of the same name',
      () => [leafOf(root), [], [ca({ subject: root.subject })]],
      /the key of "CN=root" did not sign "CN=leaf/,
    ],
    ['up from an intermediate as anchor', () => [leafOf(root), [], [sub]], /which is "CN=root"$/],
    ['over a leaf', () => viaLeaf(), /is not a CA certificate/],
    [
      'over a CA that must not sign certificates',
      () => viaCa({ extensions: ['basicConstraints = CA:TRUE', 'keyUsage = cRLSign'] }),
      /without keyCertSign$/,
    ],
    ['over an expired CA', () => viaCa({ notAfter: new Date(Date.now() - day / 2) }), /^"CN=ca-\d+" expired at 20/],
    [
      'over a CA that is not valid yet',
      () => viaCa({ notBefore: new Date(Date.now() + day) }),
      /is not valid before 20/,
    ],
    [
      'over a CA with an unknown critical extension',
      () => viaCa({ extensions: [...caWith('pathlen:1'), '1.2.3.4 = critical, ASN1:NULL'] }),
      /critical extension 1\.2\.3\.4/,
    ],
    [
      'with a leaf that has one',
      () => [leafOf(root, { extensions: ['1.2.3.4 = critical, ASN1:NULL'] }), [], [root]],
      /critical extension 1\.2\.3\.4/,
    ],
    ['below a CA that allows no CA', () => belowLimit(), /^"CN=ca-\d+" allows 0 intermediates below it; there are 1$/],
    [
      'below an anchor that allows no CA',
      () => belowAnchorLimit(),
      /^"CN=ca-\d+" allows 0 intermediates below it; there are 1$/,
    ],
    [
      'with an expired leaf',
      () => [leafOf(root, { notAfter: new Date(Date.now() - 60_000) }), [], [root]],
      /^"CN=leaf-\d+" expired at 20/,
    ],
    [
      'with a leaf that is not valid yet',
      () => [leafOf(root, { notBefore: new Date(Date.now() + day) }), [], [root]],
      /is not valid before/,
    ],
    ['to an expired anchor', () => toExpiredAnchor(), /expired at/],
  ];

  test.each(cases)('%s', async (_name, make, problem) => {
    const [leaf, chain, anchors] = make();
    expect(texts(await pathOf(leaf, chain, anchors))).toMatch(problem);
    expect(opensslAccepts(leaf, chain, anchors)).toBe(false);
  });

  // openssl lets these pass at its default security level, or has no such rule.
  test('over a CA that is signed with SHA-1', async () => {
    const [leaf, chain, anchors] = viaCa({ hash: 'sha1' });
    expect(texts(await pathOf(leaf, chain, anchors))).toMatch(/cannot be relied on: it is signed with SHA-1/);
  });

  test('over a CA of version 1', async () => {
    const between = ca({ issuer: root, extensions: [] });
    const leaf = leafOf(between, { extensions: ['keyUsage = digitalSignature'] });
    expect(texts(await pathOf(leaf, [between], [root]))).toMatch(/is X.509 v1; a CA certificate must be v3$/);
  });

  test('with six certificates in the chain', async () => {
    expect(texts(await pathOf(leafOf(root), [root, root, root, root, root, root], [root]))).toBe(
      'the chain has 6 certificates; at most 5 are taken',
    );
  });

  test('in a ring of CAs that sign each other', async () => {
    const one = ca({}, 'ring-one');
    const two = ca({ issuer: one }, 'ring-two');
    const back = ca({ issuer: two, subject: one.subject, key: one.key });
    expect(texts(await pathOf(leafOf(one), [back, two], [root]))).toMatch(/^neither the chain nor/);
  });
});

test('an anchor that has expired is of use to nobody, at any other time it is', async () => {
  const leaf = leafOf(root);
  const anchors = [read(root)];
  const at = async (now: Date): Promise<boolean> =>
    'path' in (await findPath({ leaf: read(leaf), chain: [], anchors, now }));
  const { notBefore, notAfter } = read(leaf);
  expect(await at(notBefore)).toBe(true);
  expect(await at(new Date(notBefore.getTime() - 1000))).toBe(false);
  expect(await at(new Date(notAfter.getTime() + 1000))).toBe(false);
});

function caWith(constraint: string): string[] {
  return [`basicConstraints = critical, CA:TRUE, ${constraint}`, 'keyUsage = critical, keyCertSign'];
}

function viaCa(options: CertificateOptions): [Issued, Issued[], Issued[]] {
  const between = ca({ issuer: root, ...options });
  return [leafOf(between), [between], [root]];
}

function viaLeaf(): [Issued, Issued[], Issued[]] {
  const between = leafOf(root);
  return [leafOf(between), [between], [root]];
}

function belowLimit(): [Issued, Issued[], Issued[]] {
  const limited = ca({ issuer: root, extensions: caWith('pathlen:0') });
  const below = ca({ issuer: limited });
  return [leafOf(below), [below, limited], [root]];
}

function belowAnchorLimit(): [Issued, Issued[], Issued[]] {
  const limited = ca({ extensions: caWith('pathlen:0') });
  const below = ca({ issuer: limited });
  return [leafOf(below), [below], [limited]];
}

function toExpiredAnchor(): [Issued, Issued[], Issued[]] {
  const old = ca({ notAfter: new Date(Date.now() - day / 2) });
  return [leafOf(old), [], [old]];
}
