import { describe, expect, test } from 'vitest';
import { readTss2Key } from '../../../../src/identity/backends/tpm/tss2-key.ts';
import { onlyElement } from '../../../../src/identity/x509/der.ts';
import { encodeElement } from '../../../../src/identity/x509/der-writer.ts';
import type { TpmKeySource } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { tss2File, type Tss2Fields } from './keys.ts';

/** TPM2B_PUBLIC of a P-256 key as tpm2-openssl makes it. */
const publicPart = Buffer.from(
  '00560023000b00060072000000100010000300100020a1e6d35a90e5e1c406af5ac5ca0b01e718f8a4d0ada229d089a862660505d3d8' +
    '00206b0bb8999d6c38cd8bda03f704f2fdc021949bade7d2c20fbbe7ba89ad1d2e1f',
  'hex',
);
const privatePart = Buffer.from('0004deadbeef', 'hex');
const owner = 0x4000_0001;
const minimal: Tss2Fields = { parent: owner, publicPart, privatePart };

function bytesOf(source: TpmKeySource): Uint8Array {
  return source.kind === 'tss2' ? source.bytes : new Uint8Array();
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN TSS2 PRIVATE KEY-----', ...lines, '-----END TSS2 PRIVATE KEY-----', ''].join('\n');
}

/** The SEQUENCE `der` with one part of its contents replaced. */
function replaced(der: Buffer, part: Buffer, by: Buffer): Buffer {
  const contents = Buffer.from(onlyElement(der).contents);
  const at = contents.indexOf(part);
  return encodeElement(0x30, contents.subarray(0, at), by, contents.subarray(at + part.length));
}

describe('readTss2Key', () => {
  test('DER with padding behind it', () => {
    const der = bytesOf(tss2File(minimal));
    const padded = Buffer.concat([der, Buffer.alloc(20)]);
    expect(readTss2Key(padded)).toEqual(readTss2Key(der));
  });

  test('the fields that there must be', () => {
    expect(readTss2Key(bytesOf(tss2File(minimal)))).toMatchObject({
      emptyAuth: false,
      policy: [],
      parent: owner,
      rsaParent: false,
      area: { nameAlg: 0x0b, key: { type: 'ECC', curve: 3 } },
      privateKey: privatePart,
      importSecret: undefined,
    });
  });

  test('every field', () => {
    const secret = Buffer.from('0002abcd', 'hex');
    const policy = [
      { code: 0x16b, parameters: new Uint8Array() },
      { code: 0x17f, parameters: Buffer.from('0102', 'hex') },
    ];
    const file = tss2File({ ...minimal, emptyAuth: true, policy, secret, description: 'schlüssel', rsaParent: true });
    const key = readTss2Key(bytesOf(file));
    expect(key).toMatchObject({ emptyAuth: true, rsaParent: true, importSecret: secret });
    expect(key.policy.map(({ code, parameters }) => [code, Buffer.from(parameters).toString('hex')])).toEqual([
      [0x16b, ''],
      [0x17f, '0102'],
    ]);
  });

  test('PEM with text around it, with CRLF, after other blocks', () => {
    const pem = pemOf(bytesOf(tss2File(minimal)));
    const other = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const text of [pem, `comment\n${pem}`, pem.replaceAll('\n', '\r\n'), other + pem, pem + other]) {
      expect(readTss2Key(Buffer.from(text)).parent).toBe(owner);
    }
  });

  test('emptyAuth false, and true as tools write it', () => {
    for (const [octet, expected] of [
      [0x00, false],
      [0x01, true],
      [0xff, true],
    ] as const) {
      const der = Buffer.from(bytesOf(tss2File({ ...minimal, emptyAuth: true })));
      const at = der.indexOf(Buffer.from('a0030101ff', 'hex'));
      der.writeUInt8(octet, at + 4);
      expect(readTss2Key(der).emptyAuth).toBe(expected);
    }
  });

  test('fields that the draft does not have yet', () => {
    const der = Buffer.from(bytesOf(tss2File(minimal)));
    const parent = Buffer.from('020440000001', 'hex');
    const later = encodeElement(0xa6, encodeElement(0x04, Buffer.from('name of the parent')));
    expect(readTss2Key(replaced(der, parent, Buffer.concat([later, parent]))).parent).toBe(owner);
  });

  test('a persistent parent, with the zero in front and without', () => {
    const der = Buffer.from(bytesOf(tss2File({ ...minimal, parent: 0x8100_0001 })));
    expect(readTss2Key(der).parent).toBe(0x8100_0001);
    const [padded, unpadded] = [Buffer.from('02050081000001', 'hex'), Buffer.from('020481000001', 'hex')];
    expect(readTss2Key(replaced(der, padded, unpadded)).parent).toBe(0x8100_0001);
  });

  test.each([
    ['nothing', '', 'holds no TSS2 PRIVATE KEY', 'TPM_KEY_INVALID'],
    ['another PEM', '-----BEGIN PRIVATE KEY-----\nAAAA\n', 'holds no TSS2 PRIVATE KEY', 'TPM_KEY_INVALID'],
    ['PEM of nothing', pemOf(new Uint8Array()), 'is damaged: it ends too early', 'TPM_KEY_INVALID'],
  ])('%s', (_, text, message, code) => {
    expect(() => readTss2Key(Buffer.from(text))).toThrow(expect.objectContaining({ message, code }));
  });

  test.each([
    ['sealed data', { type: '06066781050a0105' }, 'holds sealed data, not a key', 'TPM_KEY_UNSUPPORTED'],
    ['another type', { type: '06032a0304' }, 'is of type 1.2.3.4, which is no TPM key', 'TPM_KEY_UNSUPPORTED'],
    [
      'a loadable key with a secret',
      { type: '06066781050a0103', secret: Buffer.from('0000', 'hex') },
      'is damaged: a loadable key has an import secret',
      'TPM_KEY_INVALID',
    ],
    [
      'an importable key without',
      { type: '06066781050a0104' },
      'is damaged: an importable key lacks its secret',
      'TPM_KEY_INVALID',
    ],
    [
      'a public part with a wrong size',
      { publicPart: publicPart.subarray(0, -1) },
      'is damaged: it ends too early',
      'TPM_KEY_INVALID',
    ],
    [
      'a private part with a wrong size',
      { privatePart: Buffer.from('0005deadbeef', 'hex') },
      'is damaged: it ends too early',
      'TPM_KEY_INVALID',
    ],
    [
      'more than a private part',
      { privatePart: Buffer.from('0003deadbeef', 'hex') },
      'is damaged: 1 bytes follow its end',
      'TPM_KEY_INVALID',
    ],
  ])('%s', (_, fields, message, code) => {
    const bytes = bytesOf(tss2File({ ...minimal, ...fields }));
    expect(() => readTss2Key(bytes)).toThrow(expect.objectContaining({ message, code }));
  });
});
