import { createPublicKey } from 'node:crypto';
import * as fc from '../../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { wireSignature } from '../../../../src/identity/backends/tpm/tpm-signer.ts';
import { signingKeyOf } from '../../../../src/identity/backends/tpm/signing-scheme.ts';
import { eccStorageTemplate, rsaStorageTemplate } from '../../../../src/identity/backends/tpm/load-key.ts';
import { publicKeyInfoOf, readPublicArea } from '../../../../src/identity/backends/tpm/tpm2/public-area.ts';
import { generatedKeys } from '../../../support/generated-keys.ts';
import { openssl } from '../../../support/openssl.ts';

describe('ECDSA signatures', () => {
  test.each([
    ['0001', 'ff', '30 07 02 01 01 02 02 00ff'],
    ['7f', '80', '30 07 02 01 7f 02 02 0080'],
    ['00', '', '30 06 02 01 00 02 01 00'],
  ])('r = %s, s = %s', (r, s, expected) => {
    const signature = { type: 'ECC', r: Buffer.from(r, 'hex'), s: Buffer.from(s, 'hex') } as const;
    expect(Buffer.from(wireSignature(signature)).toString('hex')).toBe(expected.replaceAll(' ', ''));
  });

  test('openssl reads the same numbers, of any length', () => {
    const number = fc.uint8Array({ minLength: 1, maxLength: 66 });
    fc.assert(
      fc.property(number, number, (r, s) => {
        const parsed = openssl(['asn1parse', '-inform', 'DER'], wireSignature({ type: 'ECC', r, s })).toString();
        const values = [...parsed.matchAll(/INTEGER\s+:([0-9A-F]+)/g)].map(([, hex]) => BigInt(`0x${hex}`));
        expect(values).toEqual([r, s].map((bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)));
      }),
      { numRuns: 20 },
    );
  });
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const withoutZeros = (bytes: Buffer): Buffer => bytes.subarray(bytes.findIndex((octet) => octet !== 0));
const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
const sized = (bytes: Uint8Array): Buffer => Buffer.concat([u16(bytes.length), bytes]);
/** nameAlg, attributes of a signing key, no policy, no symmetric cipher, no scheme. */
const head = Buffer.from('000b00040072000000100010', 'hex');

describe('public parts', () => {
  test.each([2048, 3072, 4096])('RSA %s, which not every TPM in software can make', (bits) => {
    const { publicKey } = generatedKeys(bits);
    const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
    const area = readPublicArea(Buffer.concat([u16(1), head, u16(bits), Buffer.alloc(4), sized(modulus)]));
    const expected = publicKey.export({ type: 'spki', format: 'der' });
    expect(Buffer.from(publicKeyInfoOf(signingKeyOf(area))).equals(expected)).toBe(true);
  });

  test('an RSA exponent of its own', () => {
    const { n = '' } = generatedKeys(2048).publicKey.export({ format: 'jwk' });
    const publicKey = createPublicKey({ key: { kty: 'RSA', n, e: 'Aw' }, format: 'jwk' });
    const modulus = Buffer.from(n, 'base64url');
    const area = readPublicArea(Buffer.concat([u16(1), head, u16(2048), Buffer.of(0, 0, 0, 3), sized(modulus)]));
    const info = Buffer.from(publicKeyInfoOf(signingKeyOf(area)));
    expect(createPublicKey({ key: info, format: 'der', type: 'spki' }).equals(publicKey)).toBe(true);
  });

  test('coordinates without their leading zeros', () => {
    // P-521's coordinates begin with seven bits of zero: every second one lacks a byte.
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const { publicKey } = generatedKeys('secp521r1');
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const point = [x, y].map((value) => sized(withoutZeros(Buffer.from(value, 'base64url'))));
      const area = readPublicArea(Buffer.concat([u16(0x23), head, u16(5), u16(0x10), ...point]));
      const expected = publicKey.export({ type: 'spki', format: 'der' });
      expect(Buffer.from(publicKeyInfoOf(signingKeyOf(area))).equals(expected)).toBe(true);
    }
  });

  test('a point that is not on its curve', () => {
    const point = [sized(Buffer.alloc(32, 1)), sized(Buffer.alloc(32, 2))];
    const area = readPublicArea(Buffer.concat([u16(0x23), head, u16(3), u16(0x10), ...point]));
    expect(() => publicKeyInfoOf(signingKeyOf(area))).toThrow(
      expect.objectContaining({ code: 'TPM_KEY_INVALID', message: 'has a public part that is no valid key' }),
    );
  });

  test('the templates are those of the TCG, H-2 and H-1', () => {
    expect(hex(eccStorageTemplate)).toBe('0023000b00030472000000060080004300100003001000000000');
    expect(hex(rsaStorageTemplate)).toBe('0001000b00030472000000060080004300100800000000000000');
  });
});
