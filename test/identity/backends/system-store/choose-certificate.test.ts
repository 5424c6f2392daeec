import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  chooseCertificate,
  selectCertificates,
} from '../../../../src/identity/backends/system-store/choose-certificate.ts';
import type { StoredCertificate } from '../../../../src/identity/backends/system-store/system-store.ts';
import type { CertificateSelection } from '../../../../src/identity/identity.ts';
import { parseX509 } from '../../../../src/identity/x509/parse-certificate.ts';
import {
  type CertificateOptions,
  makeCa,
  makeFolder,
  makeKey,
  makeLeaf,
  removeFolder,
} from '../../../support/openssl.ts';
import { needs } from '../../../support/programs.ts';
import { thrownBy } from '../../../support/thrown.ts';

const day = 86_400_000;
const leafExtensions = ['basicConstraints = critical, CA:FALSE', 'keyUsage = critical, digitalSignature'];
// SEQUENCE { 1.3.6.1.4.1.311.21.8.1.2, INTEGER 100 }: what the CA of Active Directory puts into what it makes by a template
const template = '1.3.6.1.4.1.311.21.7 = DER:3010060B2B06010401823715080102020164';

describe('a certificate of a store', needs('openssl'), () => {
  let folder: string;
  let store: Record<'plain' | 'more' | 'server' | 'old' | 'keyless' | 'ca' | 'agreeing', StoredCertificate>;

  beforeAll(() => {
    folder = makeFolder();
    const [ca, other] = [makeCa(folder, 'ca'), makeCa(folder, 'other', { subject: '/O=Example/CN=other ca' })];
    const key = makeKey(folder, 'shared');
    const leaf = (name: string, options: CertificateOptions, issuer = ca, hasKey = true): StoredCertificate => {
      const { raw } = new X509Certificate(
        readFileSync(makeLeaf(folder, name, issuer, { key, ...options }).certificate),
      );
      const thumbprint = createHash('sha1').update(raw).digest('hex');
      return { certificate: parseX509(raw), thumbprint, hasKey, handle: 0n, friendlyName: `the ${name}` };
    };
    const soon = new Date(Date.now() + day);
    store = {
      plain: leaf('plain', { subject: '/CN=leaf', serial: '0A1B', notAfter: soon }),
      more: leaf('more', { subject: '/C=DE/O=Example, Inc./CN=leaf/emailAddress=a@b.example' }, other),
      server: leaf('server', {
        subject: '/CN=web',
        extensions: [...leafExtensions, 'extendedKeyUsage = serverAuth', template],
      }),
      old: leaf('old', { subject: '/CN=old', notBefore: new Date(0), notAfter: new Date(day) }),
      keyless: leaf('keyless', { subject: '/CN=keyless' }, ca, false),
      ca: leaf('is-ca', { subject: '/CN=is-ca', extensions: ['basicConstraints = critical, CA:TRUE'] }),
      agreeing: leaf('agreeing', { subject: '/CN=agreeing', extensions: ['keyUsage = keyAgreement'] }),
    };
  });
  afterAll(() => removeFolder(folder));

  const choose = (selection: CertificateSelection, useLatestExpiring = false): StoredCertificate =>
    chooseCertificate(Object.values(store), selection, { now: new Date(), useLatestExpiring, place: 'the store' });
  const nameOf = (one: StoredCertificate) => Object.entries(store).find(([, other]) => other === one)?.[0];

  test.each<[string, CertificateSelection, string]>([
    ['the whole name, as the official helper writes it', { subject: 'CN=leaf' }, 'plain'],
    ['attributes in another order', { subject: 'O=Example\\, Inc., C=de, CN=leaf' }, 'more'],
    ['one attribute', { subject: 'emailAddress=A@B.example' }, 'more'],
    ['quotes and OIDs', { subject: '2.5.4.10="Example, Inc."' }, 'more'],
    ['the issuer', { issuer: 'CN=other ca' }, 'more'],
    ['subject and issuer', { subject: 'CN=leaf', issuer: 'O=Example,CN=other ca' }, 'more'],
    ['the serial number, whatever zeros it begins with', { serial: '00a1b' }, 'plain'],
    ['a friendly name', { friendlyName: 'the server' }, 'server'],
    ['a template', { templateOid: '1.3.6.1.4.1.311.21.8.1.2' }, 'server'],
    ['a key usage', { keyUsage: 'serverAuth' }, 'server'],
    ['several, one as an OID', { keyUsage: 'digitalSignature,1.3.6.1.5.5.7.3.1' }, 'server'],
  ])('is selected by %s', (_, selection, name) => {
    expect(nameOf(choose(selection))).toBe(name);
  });

  test('is selected by its thumbprint, of SHA-1 or SHA-256', () => {
    const { plain } = store;
    expect(choose({ thumbprint: plain.thumbprint })).toBe(plain);
    expect(choose({ thumbprint: createHash('sha256').update(plain.certificate.der).digest('hex') })).toBe(plain);
    expect(thrownBy(() => choose({ thumbprint: '0'.repeat(40) }))).toMatchObject({ code: 'STORE_NOT_FOUND' });
    // What options refuse, a program may give.
    expect(thrownBy(() => choose({ serial: 'none' }))).toMatchObject({ code: 'STORE_NOT_FOUND' });
  });

  test('that does not match is named with the reason, and the nearly right one first', () => {
    const reasons = (selection: CertificateSelection) => {
      const { code, message, hints } = thrownBy(() => choose(selection));
      expect([code, message]).toEqual(['STORE_NOT_FOUND', 'the store has no certificate that matches']);
      return hints.map((hint) => hint.replace(/ \([\da-f]{40}, until \d{4}-\d\d-\d\d\)/, ''));
    };
    expect(reasons({ subject: 'CN=old' })).toEqual([
      'CN=old has expired',
      'CN=leaf has another subject',
      expect.stringMatching(/^CN=leaf,O=Example\\, Inc\.,C=DE,.* has another subject$/) as string,
      ...['web', 'keyless', 'is-ca', 'agreeing'].map((name) => `CN=${name} has another subject`),
    ]);
    expect(reasons({ subject: 'CN=keyless' })[0]).toBe('CN=keyless has no private key');
    expect(reasons({ subject: 'CN=is-ca' })[0]).toBe('CN=is-ca is that of a CA');
    expect(reasons({ subject: 'CN=agreeing' })[0]).toBe('CN=agreeing has no key usage digitalSignature');
    expect(reasons({ subject: 'CN=old', issuer: 'CN=other ca' })[3]).toBe('CN=old has another issuer');
    expect(
      thrownBy(() => chooseCertificate([], {}, { now: new Date(), useLatestExpiring: false, place: 'it' })).hints,
    ).toEqual(['it has no certificates at all']);
  });

  test('among several is asked for, with thumbprint and end, unless the last to expire is wanted', () => {
    const { code, hints } = thrownBy(() => choose({ keyUsage: 'digitalSignature' }));
    expect(code).toBe('STORE_AMBIGUOUS');
    expect(hints).toHaveLength(4);
    expect(hints.find((hint) => hint.startsWith('CN=leaf ('))).toBe(
      `CN=leaf (${store.plain.thumbprint}, until ${store.plain.certificate.notAfter.toISOString().slice(0, 10)})`,
    );
    expect(nameOf(choose({ keyUsage: 'digitalSignature', issuer: 'CN=ca' }, true))).toBe('server');
  });

  test('is listed whatever is wrong with it', () => {
    expect(selectCertificates(Object.values(store), { subject: 'CN=keyless' })).toEqual([store.keyless]);
    expect(selectCertificates(Object.values(store), { issuer: 'CN=ca' })).toHaveLength(6);
  });
});
