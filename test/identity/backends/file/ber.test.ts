import { describe, expect, test } from 'vitest';
import { berToDer } from '../../../../src/identity/backends/file/ber.ts';
import { Problem } from '../../../../src/identity/problem.ts';
import { encodeElement } from '../../../../src/identity/x509/der-writer.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test.each([
  ['DER stays as it is', '30 06 02 01 05 04 01 ff', '30 06 02 01 05 04 01 ff'],
  ['indefinite lengths', '30 80 02 01 05 30 80 05 00 00 00 00 00', '30 07 02 01 05 30 02 05 00'],
  ['lengths that could be shorter', '30 83 00 00 04 02 81 01 05', '30 03 02 01 05'],
  ['octet strings in pieces', '24 80 04 02 01 02 04 01 03 00 00', '04 03 01 02 03'],
  ['pieces in pieces', '24 80 24 80 04 01 01 00 00 24 03 04 01 02 00 00', '04 02 01 02'],
  ['no pieces at all', '24 80 00 00', '04 00'],
  ['context-specific ones', 'a0 80 24 80 04 01 07 00 00 00 00', 'a0 03 04 01 07'],
])('%s', (_, ber, der) => {
  expect(berToDer(hex(ber))).toEqual(hex(der));
});

describe('what is damaged is refused', () => {
  test.each([
    ['', 'it ends too early'],
    ['30', 'it ends too early'],
    ['30 80', 'it ends too early'],
    ['30 80 02 01 05', 'it ends too early'],
    ['30 80 02 01 05 00', 'it ends too early'],
    ['30 05 02 01 05', 'it ends too early'],
    ['30 02 02 01 05', 'an element is longer than what holds it'],
    ['04 80 00 00', 'a primitive element has no length'],
    ['24 80 02 01 05 00 00', 'an octet string holds something else'],
    ['30 87 00 00 00 00 00 00 00', 'it has a length that cannot be'],
    ['1f 81 01 00', 'it uses a tag of several bytes'],
    ['05 00 05 00', 'something follows its end'],
    ['30 80 '.repeat(40), 'it nests too deeply'],
  ])('%s', (ber, reason) => {
    expect(() => berToDer(hex(ber))).toThrow(Problem);
    expect(() => berToDer(hex(ber))).toThrow(`is damaged: ${reason}`);
  });

  test('a length beyond all memory', () => {
    expect(() => berToDer(hex('04 86 ff ff ff ff ff ff 00'))).toThrow('it ends too early');
  });

  test('too many elements', () => {
    expect(() => berToDer(encodeElement(0x30, Buffer.alloc(2 * 100_001, hex('05 00'))))).toThrow('it nests too deeply');
  });
});
