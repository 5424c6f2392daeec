import { createECDH, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { attributes, type CryptokiSession, keyType } from '../../../../src/identity/backends/pkcs11/cryptoki.ts';
import type { FoundToken } from '../../../../src/identity/backends/pkcs11/find-token.ts';
import { findKeys } from '../../../../src/identity/backends/pkcs11/token-objects.ts';
import { publicKeyBytes } from '../../../../src/identity/x509/public-key-bytes.ts';

const curves = [
  ['prime256v1', '06082a8648ce3d030107', 0x3f, '0441'],
  ['secp384r1', '06052b81040022', 0x5f, '0461'],
  ['secp521r1', '06052b81040023', 0x81, '048185'],
] as const;

/** The point that a key of a token whose CKA_EC_POINT is this tells; undefined where it is left to a test signature. */
function pointTold(parameters: string, value: Buffer): Buffer | undefined {
  const type = Buffer.alloc(8);
  type.writeUInt32LE(keyType.ec);
  const held = new Map<number, Buffer>([
    [attributes.keyType, type],
    [attributes.ecParams, Buffer.from(parameters, 'hex')],
    [attributes.ecPoint, value],
  ]);
  const session = { find: () => [{ read: (attribute: number) => held.get(attribute) }] };
  const { keys } = findKeys(session as unknown as CryptokiSession, { uri: {} } as unknown as FoundToken, {});
  const info = keys[0]?.publicKeyInfo;
  return info === undefined ? undefined : Buffer.from(publicKeyBytes(info));
}

describe.each(curves)('%s: how a token hands out the point of a key', (curve, parameters, trap, prefix) => {
  const point = (form: 'uncompressed' | 'compressed'): Buffer => {
    const ecdh = createECDH(curve);
    ecdh.generateKeys();
    return ecdh.getPublicKey(null, form);
  };
  const wrapped = (value: Buffer): Buffer => Buffer.concat([Buffer.from(prefix, 'hex'), value]);

  test('raw, even where it looks like DER', () => {
    // One point in 256 begins like an OCTET STRING as long as itself.
    const value = point('uncompressed');
    value[1] = trap;
    expect(pointTold(parameters, value)).toEqual(value);
  });

  test('in an OCTET STRING', () => {
    const value = point('uncompressed');
    expect(pointTold(parameters, wrapped(value))).toEqual(value);
  });

  test('compressed', () => {
    const value = point('compressed');
    expect(pointTold(parameters, value)?.subarray(1, value.length)).toEqual(value.subarray(1));
  });

  test.each([
    ['without the byte of its form', (value: Buffer) => value.subarray(1)],
    ['too long', (value: Buffer) => Buffer.concat([value, Buffer.of(0)])],
    ['empty', () => Buffer.of()],
    ['another form', (value: Buffer) => Buffer.concat([Buffer.of(6), value.subarray(1)])],
  ])('%s: a test signature decides', (_, change) => {
    expect(pointTold(parameters, change(point('uncompressed')))).toBeUndefined();
  });
});

test('no point of the curve tells nothing, and ends nothing', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const good = Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url');
  const value = Buffer.concat([Buffer.of(2), Buffer.alloc(good.length, 0xff)]);
  expect(pointTold(curves[0][1], value)).toEqual(value);
});
