/** Which attributes of a leaf become session tags, and what is left out without a word. */
import { describe, expect, test } from 'vitest';
import {
  type AttributeMapping,
  type CertificateField,
  defaultMappings,
  deleteMapping,
  mapAttributes,
  putMapping,
} from '../../../src/trust/session/attribute-mapping.ts';
import { packedSizeEstimate } from '../../../src/trust/session/session-tags.ts';
import type { DistinguishedName, JudgedCertificate } from '../../../src/trust/x509/certificate.ts';
import { noNames } from '../../../src/trust/x509/general-names.ts';
import { thrownBy } from '../../support/thrown.ts';

const name = (...attributes: readonly string[]): DistinguishedName => ({
  der: new Uint8Array(),
  comparable: [],
  text: '',
  attributes: attributes.map((attribute) => {
    const [type = '', value = ''] = attribute.split('=');
    return { type, value };
  }),
});

const leaf = {
  subject: name('CN=worker', 'O=Example', 'OU=b', 'OU=a', '2.5.4.97=VAT'),
  issuer: name('CN=CA & Co', 'O=Example'),
  alternativeNames: { ...noNames, dns: ['one', 'two'], uri: ['spiffe://a/b'], directory: [name('CN=x'), name('CN=y')] },
} as unknown as JudgedCertificate;

const mapped = (mappings?: readonly AttributeMapping[]) => {
  const { tags, dropped } = mapAttributes(leaf, mappings);
  return { tags: Object.fromEntries(tags), dropped: dropped.map(({ key, value, why }) => `${key}=${value}: ${why}`) };
};

test('the default maps everything that has a name, and tells what is left out', () => {
  expect(mapped()).toEqual({
    tags: {
      'x509Subject/CN': 'worker',
      'x509Subject/O': 'Example',
      'x509Subject/OU': 'b/a',
      'x509Issuer/O': 'Example',
      'x509SAN/DNS': 'one',
      'x509SAN/URI': 'spiffe://a/b',
      'x509SAN/Name/CN': 'x',
    },
    dropped: [
      'x509Subject/2.5.4.97=VAT: no-name',
      'x509Issuer/CN=CA & Co: characters',
      'x509SAN/DNS=two: not-first',
      'x509SAN/Name/CN=y: not-first',
    ],
  });
});

describe('rules of a profile', () => {
  const put = (field: CertificateField, ...specifiers: string[]) => putMapping(defaultMappings, field, specifiers);

  test.each([
    ['CN alone', put('x509Subject', 'CN'), ['x509Subject/CN']],
    ['in any case', put('x509Subject', 'cn', 'ou'), ['x509Subject/CN', 'x509Subject/OU']],
    ['by object identifier', put('x509Subject', '2.5.4.3', '2.5.4.97'), ['x509Subject/CN', 'x509Subject/2.5.4.97']],
    ['none of it', deleteMapping(defaultMappings, 'x509Subject'), []],
    ['not what was deleted', deleteMapping(put('x509Subject', 'CN', 'O'), 'x509Subject', ['O']), ['x509Subject/CN']],
  ])('of the subject: %s', (_name, mappings, expected) => {
    expect(Object.keys(mapped(mappings).tags).filter((key) => key.startsWith('x509Subject'))).toEqual(expected);
  });

  test.each([
    ['DNS', put('x509SAN', 'DNS'), ['x509SAN/DNS']],
    ['Name', put('x509SAN', 'Name'), ['x509SAN/Name/CN']],
    ['Name/', put('x509SAN', 'Name/'), ['x509SAN/Name/CN']],
    ['Name/O', put('x509SAN', 'Name/O'), []],
    ['all but DNS', deleteMapping(defaultMappings, 'x509SAN', ['DNS']), ['x509SAN/URI', 'x509SAN/Name/CN']],
    ['all but names', deleteMapping(defaultMappings, 'x509SAN', ['Name/']), ['x509SAN/DNS', 'x509SAN/URI']],
  ])('of the alternative names: %s', (_name, mappings, expected) => {
    expect(Object.keys(mapped(mappings).tags).filter((key) => key.startsWith('x509SAN'))).toEqual(expected);
  });

  test('what no rule names is told', () => {
    expect(mapped(putMapping(defaultMappings, 'x509Issuer', ['CN'])).dropped).toContain(
      'x509Issuer/O=Example: not-mapped',
    );
  });

  test('are shown as the service shows them, in its order', () => {
    expect(putMapping([], 'x509SAN', ['Name/'])).toEqual([
      { certificateField: 'x509SAN', mappingRules: [{ specifier: 'Name/*' }] },
    ]);
    expect(put('x509Subject', 'CN').map(({ certificateField }) => certificateField)).toEqual([
      'x509Issuer',
      'x509SAN',
      'x509Subject',
    ]);
  });

  test.each([
    ['x509Subject', ''],
    ['x509Subject', 'Name/CN'],
    ['x509Issuer', 'C N'],
    ['x509SAN', '*'],
    ['x509SAN', 'CN'],
    ['x509SAN', 'Email'],
    ['x509Subject', 'x'.repeat(61)],
  ] as const)('of %s refuse the specifier "%s"', (field, specifier) => {
    expect(thrownBy(() => putMapping([], field, [specifier]))).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(`^the attribute mapping of ${field} takes `),
    });
  });
});

test('limits of STS: 50 tags, keys of 128 and values of 256 characters', () => {
  const many = {
    ...leaf,
    subject: name(
      `CN=${'x'.repeat(257)}`,
      `O=${'x'.repeat(256)}`,
      ...Array.from({ length: 60 }, (_, at) => `A${at}=x`),
      `${'L'.repeat(120)}=x`,
    ),
    issuer: name(),
    alternativeNames: noNames,
  };
  const { tags, dropped } = mapAttributes(many);
  expect(tags.size).toBe(50);
  expect(dropped.map(({ why }) => why)).toEqual([
    'value-length',
    ...Array.from({ length: 11 }, () => 'too-many'),
    'key-length',
  ]);
});

test('the space that tags and policies share is an estimate by characters', () => {
  const tags = new Map([['x509Subject/CN', 'x'.repeat(1010)]]);
  expect(packedSizeEstimate({ tags: new Map() })).toBe(0);
  expect(packedSizeEstimate({ tags })).toBe(50);
  expect(packedSizeEstimate({ tags, policyCharacters: 1024 })).toBe(100);
  expect(packedSizeEstimate({ tags, policyCharacters: 1025 })).toBe(101);
});
