/** Tags, source identity, session name and duration: what the service makes of a leaf. */
import { describe, expect, test } from 'vitest';
import type { JudgedCertificate, NameAttribute } from '../../../src/trust/x509/certificate.ts';
import { mapAttributes } from '../../../src/trust/session/attribute-mapping.ts';
import { noNames } from '../../../src/trust/x509/general-names.ts';
import { defaultSessionName, sessionDuration, sourceIdentity } from '../../../src/trust/session/session.ts';

const name = (...attributes: readonly string[]) => ({
  der: new Uint8Array(),
  comparable: [],
  text: '',
  attributes: attributes.map((attribute): NameAttribute => {
    const equals = attribute.indexOf('=');
    return { type: attribute.slice(0, equals), value: attribute.slice(equals + 1) };
  }),
});

function leaf(changes: Partial<JudgedCertificate>): JudgedCertificate {
  const nothing = new Uint8Array();
  return {
    der: nothing,
    signedPart: nothing,
    signatureAlgorithm: { oid: '', parameters: nothing },
    signature: nothing,
    version: 3,
    serialNumber: 1n,
    issuer: name(),
    subject: name(),
    notBefore: new Date(0),
    notAfter: new Date(0),
    publicKeyInfo: nothing,
    basicConstraints: undefined,
    keyUsage: undefined,
    alternativeNames: noNames,
    nameConstraints: undefined,
    unknownCriticalExtensions: [],
    ...changes,
  };
}

const tagsOf = (changes: Partial<JudgedCertificate>): object => Object.fromEntries(mapAttributes(leaf(changes)).tags);

describe('tags', () => {
  test('of subject, issuer and the first of each alternative name', () => {
    const subject = name('CN=worker', 'O=Example');
    const issuer = name('CN=CA');
    const alternativeNames = {
      ...noNames,
      dns: ['a', 'b'],
      uri: ['c:d', 'e:f'],
      directory: [name('CN=x'), name('CN=y')],
    };
    expect(tagsOf({ subject, issuer, alternativeNames })).toEqual({
      'x509Subject/CN': 'worker',
      'x509Subject/O': 'Example',
      'x509Issuer/CN': 'CA',
      'x509SAN/DNS': 'a',
      'x509SAN/URI': 'c:d',
      'x509SAN/Name/CN': 'x',
    });
  });

  test('with several values joined in the order of the certificate', () => {
    expect(tagsOf({ subject: name('OU=b', 'CN=x', 'OU=a') })).toEqual({
      'x509Subject/OU': 'b/a',
      'x509Subject/CN': 'x',
    });
  });

  test('without what can be no tag: brackets, 257 characters, attributes that have no short name', () => {
    const subject = name('CN=a (b)', `O=${'x'.repeat(257)}`, `OU=${'x'.repeat(256)}`, '2.5.4.97=VAT');
    expect(tagsOf({ subject })).toEqual({ 'x509Subject/OU': 'x'.repeat(256) });
  });

  test('with letters of any script', () => {
    expect(tagsOf({ subject: name('CN=J\u00fcrgen \u6771\u4eac') })).toEqual({
      'x509Subject/CN': 'J\u00fcrgen \u6771\u4eac',
    });
  });
});

describe('source identity', () => {
  test.each([
    ['a short name', 'worker', 'CN=worker'],
    ['61 characters', 'x'.repeat(61), `CN=${'x'.repeat(61)}`],
    ['62 characters', 'x'.repeat(62), 'x'.repeat(62)],
    ['64 characters', 'x'.repeat(64), 'x'.repeat(64)],
    ['a name with blanks', 'A b', 'CN=A b'],
    ['a name that can be none', 'A (b)', 'ID=0123'],
    ['a name too long to be one', 'x'.repeat(65), 'ID=0123'],
  ])('from %s', (_name, commonName, expected) => {
    expect(sourceIdentity(leaf({ subject: name(`CN=${commonName}`), serialNumber: 291n }))).toBe(expected);
  });

  test.each([
    [291n, 'ID=0123'],
    [17_767n, 'ID=4567'],
  ])('from the serial number %i, where there is no name', (serialNumber, expected) => {
    expect(sourceIdentity(leaf({ subject: name('O=Example'), serialNumber }))).toBe(expected);
  });
});

test.each([
  [1n, '01'],
  [0x1000n, '1000'],
  [0x2a9902119721ab7bn, '2a9902119721ab7b'],
])('the session name of the serial number %i', (serialNumber, expected) => {
  expect(defaultSessionName(leaf({ serialNumber }))).toBe(expected);
});

test.each([
  [3600, undefined, 3600],
  [3600, 900, 900],
  [3600, 43_200, 3600],
  [43_200, 43_200, 43_200],
])('a profile of %i s asked for %s gives %i s', (profile, requested, expected) => {
  expect(sessionDuration(profile, requested)).toBe(expected);
});
