import { execFileSync } from 'node:child_process';
import * as fc from '../../support/fast-check.ts';
import { expect, test } from 'vitest';
import { integerOf, onlyElement, sequenceOf } from '../../../src/identity/x509/der.ts';
import { encodeEcdsaSignature } from '../../../src/identity/x509/der-writer.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test.each([
  ['01', '02', '3006020101020102'],
  ['00', '0000', '3006020100020100'],
  ['80', '7f', '30070202008002017f'],
  ['0001', '00ff', '3007020101020200ff'],
])('r = %s, s = %s', (r, s, der) => {
  expect(encodeEcdsaSignature(hex(r), hex(s)).toString('hex')).toBe(der);
});

test('both numbers come out as they went in, in their shortest form', () => {
  const number = fc.uint8Array({ minLength: 1, maxLength: 63 });
  fc.assert(
    fc.property(number, number, (r, s) => {
      const elements = sequenceOf(onlyElement(encodeEcdsaSignature(r, s)));
      expect(elements.map((element) => integerOf(element))).toEqual(
        [r, s].map((bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)),
      );
      for (const { contents } of elements) {
        const [first = 0, second = 0xff] = contents;
        expect(first !== 0 || second >= 0x80 || contents.length === 1).toBe(true);
      }
    }),
  );
});

test('openssl reads one of P-521, whose length takes two bytes', () => {
  const der = encodeEcdsaSignature(Buffer.alloc(66, 0x01), Buffer.alloc(66, 0xff));
  const shown = execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: der, encoding: 'utf8' });
  expect(shown.match(/INTEGER +:([0-9A-F]+)/g)).toEqual([
    `INTEGER           :${'01'.repeat(66)}`,
    `INTEGER           :${'FF'.repeat(66)}`,
  ]);
});
