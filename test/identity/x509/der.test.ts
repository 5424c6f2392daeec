import { describe, expect, test } from 'vitest';
import { encodeElement } from '../../../src/identity/x509/der-writer.ts';
import {
  bitStringOf,
  elementsOf,
  integerOf,
  objectIdentifierOf,
  onlyElement,
  smallIntegerOf,
  timeOf,
  wholeBytesOf,
} from '../../../src/identity/x509/der.ts';
import { Problem } from '../../../src/identity/problem.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const element = (text: string): ReturnType<typeof onlyElement> => onlyElement(hex(text));

function problemOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('elements', () => {
  test('are views with tag, contents and encoding', () => {
    const bytes = hex('30 03 02 01 05');
    const outer = onlyElement(bytes);
    expect(outer).toEqual({ tag: 0x30, contents: hex('02 01 05'), encoded: bytes });
    expect(outer.contents.buffer).toBe(bytes.buffer);
  });

  test('have long lengths', () => {
    const bytes = encodeElement(0x04, Buffer.alloc(300, 7));
    expect(bytes.subarray(0, 4)).toEqual(hex('04 82 01 2c'));
    expect(onlyElement(bytes).contents).toEqual(Buffer.alloc(300, 7));
    expect(encodeElement(0x04, Buffer.alloc(128)).subarray(0, 3)).toEqual(hex('04 81 80'));
  });

  test.each([
    ['', 'it ends too early'],
    ['30', 'it ends too early'],
    ['30 05 01', 'it ends too early'],
    ['30 82 01', 'it ends too early'],
    ['30 80 00 00', 'it has a length that DER does not allow'],
    ['30 85 00 00 00 00 01 00', 'it has a length that DER does not allow'],
    ['30 81 05 01 02 03 04 05', 'it has a length that is not in its shortest form'],
    ['30 82 00 80', 'it has a length that is not in its shortest form'],
    ['1f 01 00', 'it uses a tag of several bytes'],
    ['05 00 00', 'something follows its end'],
  ])('%j is refused: %s', (text, reason) => {
    expect(problemOf(() => element(text))).toBe(`is damaged: ${reason}`);
  });

  test('are counted', () => {
    expect(elementsOf(Buffer.alloc(2 * 10_000, hex('05 00')))).toHaveLength(10_000);
    expect(problemOf(() => elementsOf(Buffer.alloc(2 * 10_001, hex('05 00'))))).toBe(
      'is damaged: it has too many elements',
    );
  });
});

describe('values', () => {
  test.each([
    ['02 01 00', 0n],
    ['02 01 7f', 127n],
    ['02 02 00 80', 128n],
    ['02 01 80', -128n],
    ['02 09 00 f1 e2 d3 c4 b5 a6 97 88', 0xf1e2d3c4b5a69788n],
  ])('integer %s is %s', (text, value) => {
    expect(integerOf(element(text))).toBe(value);
  });

  test('integers have limits', () => {
    expect(smallIntegerOf(element('02 01 05'), 5)).toBe(5);
    expect(problemOf(() => smallIntegerOf(element('02 01 06'), 5))).toContain('an integer is not between 0 and 5');
    expect(problemOf(() => smallIntegerOf(element('02 01 ff'), 5))).toContain('an integer is not between 0 and 5');
    expect(problemOf(() => integerOf(element('02 00')))).toContain('an integer is malformed');
    expect(problemOf(() => integerOf(onlyElement(encodeElement(2, Buffer.alloc(65)))))).toContain('malformed');
    expect(problemOf(() => integerOf(element('04 01 00')))).toBe('is damaged: integer expected, octetString found');
    expect(problemOf(() => integerOf(element('87 01 00')))).toBe('is damaged: integer expected, tag 0x87 found');
    expect(problemOf(() => integerOf(undefined))).toBe('is damaged: integer expected, nothing found');
  });

  test.each([
    ['06 03 55 1d 0f', '2.5.29.15'],
    ['06 09 2a 86 48 86 f7 0d 01 01 0b', '1.2.840.113549.1.1.11'],
    ['06 01 27', '0.39'],
    ['06 01 28', '1.0'],
    ['06 01 4f', '1.39'],
    ['06 01 50', '2.0'],
    ['06 03 88 37 03', '2.999.3'],
  ])('object identifier %s is %s', (text, dotted) => {
    expect(objectIdentifierOf(element(text))).toBe(dotted);
  });

  test.each(['06 00', '06 02 55 9d'])('object identifier %s is refused', (text) => {
    expect(problemOf(() => objectIdentifierOf(element(text)))).toContain('an object identifier is malformed');
  });

  test('bit strings tell their unused bits', () => {
    expect(bitStringOf(element('03 02 07 80'))).toEqual({ bytes: hex('80'), unusedBits: 7 });
    expect(wholeBytesOf(element('03 02 00 80'))).toEqual(hex('80'));
    expect(problemOf(() => wholeBytesOf(element('03 02 07 80')))).toContain('does not hold whole bytes');
    for (const text of ['03 00', '03 01 01', '03 02 08 80']) {
      expect(problemOf(() => bitStringOf(element(text)))).toContain('a bit string is malformed');
    }
  });

  const time = (tag: number, text: string): Date => timeOf(onlyElement(encodeElement(tag, Buffer.from(text))));

  test.each([
    [0x17, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [0x17, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [0x18, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [0x18, '99991231235959Z', '9999-12-31T23:59:59.000Z'],
    [0x17, '240229120000Z', '2024-02-29T12:00:00.000Z'],
    [0x17, '2301012359Z', '2023-01-01T23:59:00.000Z'],
    [0x17, '230101000000+0100', '2022-12-31T23:00:00.000Z'],
    [0x17, '230101000000-0130', '2023-01-01T01:30:00.000Z'],
    [0x17, '230101000000+0000', '2023-01-01T00:00:00.000Z'],
    [0x17, '2301010000+0100', '2022-12-31T23:00:00.000Z'],
    [0x18, '20230101000000+1200', '2022-12-31T12:00:00.000Z'],
    [0x18, '18991231235959Z', '1899-12-31T23:59:59.000Z'],
    [0x18, '00010101000000Z', '0001-01-01T00:00:00.000Z'],
    [0x18, '00000229000000Z', '0000-02-29T00:00:00.000Z'],
  ])('time 0x%s %s is %s', (tag, text, iso) => {
    expect(time(tag, text).toISOString()).toBe(iso);
  });

  test.each([
    [0x17, '230229120000Z'],
    [0x17, '231301000000Z'],
    [0x17, '230001000000Z'],
    [0x17, '230132000000Z'],
    [0x17, '230100000000Z'],
    [0x17, '230101240000Z'],
    [0x17, '230101006000Z'],
    [0x17, '230101000060Z'],
    [0x17, '23010100Z'],
    [0x17, '2301010000'],
    [0x17, '230101000000'],
    [0x17, '230101000000+1300'],
    [0x17, '230101000000+0060'],
    [0x17, '230101000000*0100'],
    [0x17, '230101000000+01'],
    [0x18, '202301010000Z'],
    [0x18, '00010229000000Z'],
    [0x17, '23010100000aZ'],
    [0x17, '230101000000z'],
    [0x18, '20230101000000.5Z'],
    [0x18, '230101000000Z'],
  ])('time 0x%s %s is refused', (tag, text) => {
    expect(problemOf(() => time(tag, text))).toContain('a time is malformed');
  });

  test('a time has a type of its own', () => {
    expect(problemOf(() => timeOf(element('04 00')))).toBe('is damaged: generalizedTime expected, octetString found');
  });
});
