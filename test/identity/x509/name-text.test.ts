import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { encodeElement } from '../../../src/identity/x509/der-writer.ts';
import { attributesOfName, distinguishedName } from '../../../src/identity/x509/distinguished-name.ts';
import { attributesInText, hasAttributes } from '../../../src/identity/x509/name-text.ts';

const cn = (value: string) => ({ type: '2.5.4.3', value });
const o = (value: string) => ({ type: '2.5.4.10', value });

describe('a name as a person writes it', () => {
  // The examples of RFC 4514, section 4, among them.
  test.each([
    ['CN=leaf', [cn('leaf')]],
    ['cn = leaf , O= Example Org', [cn('leaf'), o('Example Org')]],
    ['OID.2.5.4.3=leaf;2.5.4.10=Example', [cn('leaf'), o('Example')]],
    ['CN=a+O=b', [cn('a'), o('b')]],
    [String.raw`O=Sue\, Grabbit and Runn,CN=L. Eagle`, [o('Sue, Grabbit and Runn'), cn('L. Eagle')]],
    [String.raw`CN=Before\0dAfter`, [cn('Before\rAfter')]],
    [String.raw`CN=Lu\C4\8Di\C4\87`, [cn('Lučić')]],
    ['CN=#0C0548656C6C6F', [cn('Hello')]],
    ['CN=#04024869', [cn('Hi')]],
    ['O="Example, Inc.", CN="a \\"quoted\\" name"', [o('Example, Inc.'), cn('a "quoted" name')]],
    [
      'DC=example,E=a@b.example,S=Bavaria',
      [
        { type: '0.9.2342.19200300.100.1.25', value: 'example' },
        { type: '1.2.840.113549.1.9.1', value: 'a@b.example' },
        { type: '2.5.4.8', value: 'Bavaria' },
      ],
    ],
    ['CN=a=b', [cn('a=b')]],
    ['CN=', [cn('')]],
  ])('%s', (text, attributes) => {
    // Blanks at the ends of a value do not count.
    const found = attributesInText(text)?.map(({ type, value }) => ({ type, value: value.trim() }));
    expect(found).toEqual(attributes);
  });

  test.each(['', 'leaf', 'CN', 'CN=a,', 'CN=a,,O=b', 'XX=a', 'CN="a', 'CN="a"b', 'CN=a"b', 'CN=#0C05', '=a', ','])(
    '%j is none',
    (text) => {
      expect(attributesInText(text)).toBeUndefined();
    },
  );

  test('of any characters is read in good time', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const escaped = value.replaceAll(/[,+;"\\#= ]/g, String.raw`\$&`);
        expect(attributesInText(`CN=${escaped}`)?.[0]?.value.trim()).toBe(value.trim());
      }),
    );
    const started = process.cpuUsage();
    for (const piece of [' ', '\\ ', 'CN=a,', '"', 'a=', '\\4']) attributesInText(`CN=a${piece.repeat(30_000)}`);
    expect(process.cpuUsage(started).user).toBeLessThan(2_500_000);
  });
});

test('what the official helper writes of a name selects it, whatever is in it', () => {
  const types = ['2.5.4.3', '2.5.4.5', '2.5.4.6', '2.5.4.8', '2.5.4.10', '2.5.4.11', '1.2.840.113549.1.9.1', '1.2.3.4'];
  const pair = fc.tuple(fc.constantFrom(...types), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }));
  const one = fc.uniqueArray(pair, { minLength: 1, maxLength: 6, selector: ([type]) => type });
  fc.assert(
    fc.property(one, (pairs) => {
      const name = nameOf(pairs);
      const wanted = attributesInText(distinguishedName(name));
      expect(wanted).toHaveLength(pairs.length);
      expect(hasAttributes(attributesOfName(name), wanted ?? [])).toBe(true);
    }),
  );
});

/** RDNSequence of RFC 5280, section 4.1.2.4, with one attribute in each. */
function nameOf(pairs: readonly (readonly [string, string])[]): Buffer {
  const sets = pairs.map(([type, value]) =>
    encodeElement(0x31, encodeElement(0x30, encodeOid(type), encodeElement(0x0c, Buffer.from(value)))),
  );
  return encodeElement(0x30, ...sets);
}

function encodeOid(type: string): Buffer {
  const [first = 0, second = 0, ...others] = type.split('.').map(Number);
  const arcs = [first * 40 + second, ...others].map((arc) =>
    arc < 128
      ? [arc]
      : arc < 16_384
        ? [(arc >> 7) | 128, arc & 127]
        : [(arc >> 14) | 128, ((arc >> 7) & 127) | 128, arc & 127],
  );
  return encodeElement(0x06, Buffer.from(arcs.flat()));
}

describe('the attributes of one name among those of another', () => {
  const there = [{ type: '2.5.4.6', value: 'DE' }, o('Example  Org'), cn('Leaf')];
  test.each([
    ['CN=Leaf', true],
    ['O=Example Org,CN=leaf', true],
    ['cn=LEAF+c=de', true],
    ['CN=Leaf,O=Other', false],
    ['OU=Leaf', false],
    ['CN=Lea', false],
  ])('%s: %j', (text, isThere) => {
    expect(hasAttributes(there, attributesInText(text) ?? [])).toBe(isThere);
  });
});
