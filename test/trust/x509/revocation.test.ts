/** CRLs made by openssl, with `openssl verify -crl_check_all` as judge wherever it looks at the same rules. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JudgedCertificate } from '../../../src/trust/x509/certificate.ts';
import { decodeCertificate } from '../../../src/trust/x509/read-certificate.ts';
import { decodeCrl } from '../../../src/trust/x509/read-revocation-list.ts';
import { checkRevocation, crlViolations } from '../../../src/trust/x509/revocation.ts';
import type { RevocationList } from '../../../src/trust/x509/revocation-list.ts';
import {
  certificateDer,
  concatenate,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  openssl,
  removeFolder,
} from '../../support/openssl.ts';
import { type CrlOptions, makeCrl } from '../../support/openssl-crl.ts';
import { thrownBy } from '../../support/thrown.ts';

const day = 86_400_000;
let folder: string;
let count = 0;
let root: Issued;
let sub: Issued;
let leaf: Issued;

beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root');
  sub = makeCa(folder, 'sub', { issuer: root, serial: '1001' });
  leaf = makeLeaf(folder, 'leaf', sub, { serial: '2001' });
});

afterAll(() => removeFolder(folder));

const crlOf = (issuer: Issued, options: CrlOptions = {}): string => makeCrl(folder, issuer, options);

const read = (issued: Issued): JudgedCertificate => decodeCertificate(certificateDer(issued.certificate));

async function verdict(crls: readonly string[]): Promise<string> {
  const path = [leaf, sub, root].map(read);
  const found = await checkRevocation({ path, crls: crls.map((crl) => decodeCrl(crl)), now: new Date() });
  if (found.revoked !== undefined) return `${found.revoked.certificate.subject.text} ${found.revoked.reason}`;
  if (found.violations.length > 0) return found.violations.map(({ rule }) => rule).join(' ');
  return found.unchecked.length > 0 ? 'unchecked' : 'good';
}

function opensslAccepts(crls: readonly string[]): boolean {
  const file = join(folder, 'crls.pem');
  writeFileSync(file, crls.join(''));
  const anchors = ['-no-CAfile', '-no-CApath', '-trusted', root.certificate];
  const untrusted = ['-untrusted', concatenate(folder, 'chain.pem', [sub.certificate])];
  try {
    openssl(['verify', '-crl_check_all', '-CRLfile', file, ...anchors, ...untrusted, leaf.certificate]);
    return true;
  } catch {
    return false;
  }
}

describe('paths, with openssl as judge', () => {
  const cases: [string, () => string[], string][] = [
    ['nothing revoked', () => [crlOf(root), crlOf(sub)], 'good'],
    ['another serial number revoked', () => [crlOf(root), crlOf(sub, { revoked: [['2002']] })], 'good'],
    ['the leaf revoked', () => [crlOf(root), crlOf(sub, { revoked: [['2001']] })], 'CN=leaf unspecified'],
    [
      'the leaf revoked for a reason',
      () => [crlOf(root), crlOf(sub, { revoked: [['2002'], ['2001', 'keyCompromise']] })],
      'CN=leaf keyCompromise',
    ],
    ['on hold', () => [crlOf(root), crlOf(sub, { revoked: [['2001', 'certificateHold']] })], 'CN=leaf certificateHold'],
    ['the intermediate revoked', () => [crlOf(root, { revoked: [['1001']] }), crlOf(sub)], 'CN=sub unspecified'],
    ['the same number of another issuer', () => [crlOf(root, { revoked: [['2001']] }), crlOf(sub)], 'good'],
    ['a version 1 list', () => [crlOf(root), crlOf(sub, { extensions: [], args: [] })], 'good'],
    ['no list of one issuer', () => [crlOf(root)], 'unchecked'],
    [
      'a list that is past its time',
      () => [
        crlOf(root),
        crlOf(sub, { lastUpdate: new Date(Date.now() - 2 * day), nextUpdate: new Date(Date.now() - day) }),
      ],
      'expired',
    ],
    [
      'a list of tomorrow',
      () => [
        crlOf(root),
        crlOf(sub, { lastUpdate: new Date(Date.now() + day), nextUpdate: new Date(Date.now() + 9 * day) }),
      ],
      'not-yet-valid',
    ],
    [
      'a list signed by another key of that name',
      () => [crlOf(root), crlOf(makeCa(folder, `twin-${(count += 1)}`, { subject: '/CN=sub' }))],
      'signature',
    ],
    [
      'an unknown critical extension',
      () => [crlOf(root), crlOf(sub, { extensions: ['1.2.3.4 = critical, ASN1:NULL'] })],
      'critical-extension',
    ],
  ];

  test.each(cases)('%s', async (_name, make, expected) => {
    const crls = make();
    expect(await verdict(crls)).toBe(expected);
    expect(opensslAccepts(crls)).toBe(expected === 'good');
  });

  test('a list that cannot be used is no harm beside one that can', async () => {
    const old = crlOf(sub, { lastUpdate: new Date(Date.now() - 2 * day), nextUpdate: new Date(Date.now() - day) });
    expect(await verdict([crlOf(root), old, crlOf(sub)])).toBe('good');
    expect(await verdict([crlOf(root), old, crlOf(sub, { revoked: [['2001']] })])).toBe('CN=leaf unspecified');
  });
});

describe('a serial number that is listed stays revoked', () => {
  const past = { lastUpdate: new Date(Date.now() - 2 * day), nextUpdate: new Date(Date.now() - day) };
  const point = (line: string): CrlOptions => ({
    extensions: ['issuingDistributionPoint = critical, @point', '[point]', line],
  });
  const listed: CrlOptions = { revoked: [['2001', 'keyCompromise']] };

  test.each<[name: string, options: CrlOptions, doubts: string]>([
    ['in a list past its time', past, 'expired'],
    [
      'in a list of tomorrow',
      { lastUpdate: new Date(Date.now() + day), nextUpdate: new Date(Date.now() + 9 * day) },
      'not-yet-valid',
    ],
    ['in a delta CRL', { extensions: ['2.5.29.27 = critical, ASN1:INTEGER:1'] }, 'scope'],
    ['in a list of some reasons', point('onlysomereasons = keyCompromise'), 'scope'],
    ['in a list of one distribution point', point('fullname = URI:http://127.0.0.1/a.crl'), 'scope'],
    ['in a list of end-entity certificates', point('onlyuser = TRUE'), 'scope'],
    ['in an indirect list, as an entry of its own issuer', point('indirectCRL = TRUE'), 'scope'],
    ['beside an unknown critical extension', { extensions: ['1.2.3.4 = critical, ASN1:NULL'] }, 'critical-extension'],
    ['in a list signed by SHA-1', { args: ['-md', 'sha1'] }, 'hash'],
  ])('%s', async (_name, options, doubts) => {
    const list = crlOf(sub, { ...options, ...listed });
    expect(await verdict([crlOf(root), list])).toBe('CN=leaf keyCompromise');
    // A newer one that does not list it any more takes nothing back: the service has imported both.
    expect(await verdict([crlOf(root), crlOf(sub), list])).toBe('CN=leaf keyCompromise');
    const path = [leaf, sub, root].map(read);
    const { revoked } = await checkRevocation({ path, crls: [decodeCrl(list)], now: new Date() });
    expect(revoked?.doubts.map(({ rule }) => rule)).toEqual([doubts]);
  });

  test.each<[name: string, list: () => string, verdict: string]>([
    ['a list of CAs', () => crlOf(sub, { ...point('onlyCA = TRUE'), ...listed }), 'scope'],
    ['a list of attribute certificates', () => crlOf(sub, { ...point('onlyAA = TRUE'), ...listed }), 'scope'],
    [
      'a list signed by another key of that name',
      () => crlOf(makeCa(folder, `twin-${(count += 1)}`, { subject: '/CN=sub' }), listed),
      'signature',
    ],
    [
      'a delta CRL that takes it off',
      () => crlOf(sub, { extensions: ['2.5.29.27 = critical, ASN1:INTEGER:1'], revoked: [['2001', 'removeFromCRL']] }),
      'scope',
    ],
  ])('but %s provably does not speak of it', async (_name, list, expected) => {
    expect(await verdict([crlOf(root), list()])).toBe(expected);
  });

  test('a list of end-entity certificates does not speak of a CA', async () => {
    expect(await verdict([crlOf(root, { ...point('onlyuser = TRUE'), revoked: [['1001']] }), crlOf(sub)])).toBe(
      'scope',
    );
    expect(await verdict([crlOf(root, { ...point('onlyCA = TRUE'), revoked: [['1001']] }), crlOf(sub)])).toBe(
      'CN=sub unspecified',
    );
  });
});

describe('what ImportCrl or a path would hold against a list', () => {
  const judged = async (crl: RevocationList, issuers = [root]): Promise<string[]> => {
    const found = await crlViolations(crl, { issuers: issuers.map(read), now: new Date() });
    return found.map(({ rule, reason }) => `${rule}: ${reason}`);
  };
  const point = (...lines: string[]): CrlOptions => ({
    extensions: ['issuingDistributionPoint = critical, @point', '[point]', ...lines],
  });

  test('nothing, of a good one, which is told with its number and all', async () => {
    const crl = decodeCrl(crlOf(root, { revoked: [['ABCDEF', 'superseded']] }));
    expect(crl).toMatchObject({ encoding: 'PEM', version: 2, number: 42n, scopes: [] });
    expect(crl.revoked).toEqual(
      new Map([[0xabcdefn, { revokedAt: new Date('2026-01-01T00:00:00Z'), reason: 'superseded' }]]),
    );
    expect(await judged(crl)).toEqual([]);
  });

  const name = 'the CRL number 42 of "CN=root"';
  const cases: [string, CrlOptions, string][] = [
    [
      'delta',
      { extensions: ['2.5.29.27 = critical, ASN1:INTEGER:1'] },
      `scope: ${name} is a delta CRL, which holds only what changed since another`,
    ],
    [
      'indirect',
      point('indirectCRL = TRUE'),
      `scope: ${name} is an indirect CRL, which holds certificates of other issuers`,
    ],
    ['of CAs', point('onlyCA = TRUE'), `scope: ${name} is about CA certificates only`],
    ['of users', point('onlyuser = TRUE'), `scope: ${name} is about end-entity certificates only`],
    ['of attribute certificates', point('onlyAA = TRUE'), `scope: ${name} is about attribute certificates only`],
    [
      'of some reasons',
      point('onlysomereasons = keyCompromise'),
      `scope: ${name} is about some reasons of revocation only`,
    ],
    [
      'of one distribution point',
      point('fullname = URI:http://127.0.0.1/a.crl'),
      `scope: ${name} is about one distribution point only`,
    ],
    [
      'signed by SHA-1',
      { args: ['-md', 'sha1'] },
      `hash: ${name} cannot be relied on: it is signed with SHA-1; SHA-256 or stronger is needed`,
    ],
  ];

  test.each(cases)('%s', async (_name, options, expected) => {
    expect(await judged(decodeCrl(crlOf(root, options)))).toEqual([expected]);
  });

  test('DER, which openssl takes and ImportCrl does not', async () => {
    const der = openssl(['crl', '-outform', 'DER'], crlOf(root));
    expect(await judged(decodeCrl(der))).toEqual([`encoding: ${name} is DER; ImportCrl takes PEM only`]);
  });

  test('more than 300000 bytes', async () => {
    const crl = crlOf(root);
    const atLimit = `${' '.repeat(300_000 - crl.length)}${crl}`;
    expect(await judged(decodeCrl(atLimit))).toEqual([]);
    expect(await judged(decodeCrl(` ${atLimit}`))).toEqual([
      `size: ${name} has 300001 bytes; ImportCrl takes 300000 at the most`,
    ]);
  });

  test('an issuer that is not of the trust anchor, or that may not sign lists', async () => {
    expect(await judged(decodeCrl(crlOf(sub)))).toEqual([
      'issuer: the CRL number 42 of "CN=sub" is not issued by "CN=root"',
    ]);
    const extensions = ['basicConstraints = CA:TRUE', 'keyUsage = keyCertSign'];
    const mute = makeCa(folder, 'mute', { extensions });
    expect(await judged(decodeCrl(crlOf(mute)), [mute])).toEqual([
      'crl-sign: its issuer must not sign the CRL number 42 of "CN=mute": it has a key usage without cRLSign',
    ]);
  });
});

describe('what is no list', () => {
  test.each([
    ['a certificate', () => readFileSync(root.certificate), 'there is no PEM block of the label X509 CRL'],
    ['two lists', () => `${crlOf(root)}${crlOf(sub)}`, 'there are 2 CRLs; each has to be given by itself'],
    ['nothing', () => '', 'the DER is malformed: it is not one element, with nothing after it'],
    [
      'half a list',
      () => openssl(['crl', '-outform', 'DER'], crlOf(root)).subarray(0, 100),
      'the DER is malformed: it ends inside an element',
    ],
    ['text', () => 'no list', 'the DER is malformed: it ends inside an element'],
  ])('%s', (_name, make, why) => {
    expect(thrownBy(() => decodeCrl(make()))).toMatchObject({
      code: 'CERTIFICATE_INVALID',
      message: `the CRL cannot be read: ${why}`,
    });
  });
});
