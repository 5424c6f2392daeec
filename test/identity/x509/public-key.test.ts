import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeElement } from '../../../src/identity/x509/der-writer.ts';
import {
  describePublicKey,
  isSupported,
  keyTypeOf,
  nameOfPublicKey,
  publicKeyBytes,
  whyUnsupported,
} from '../../../src/identity/x509/public-key.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import { certificateDer, type KeyType, makeFolder, makeKey, openssl, removeFolder } from '../../support/openssl.ts';

let folder: string;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => removeFolder(folder));

function publicKeyInfoOf(keyType: KeyType): Buffer {
  return openssl(['pkey', '-in', makeKey(folder, 'key', keyType), '-pubout', '-outform', 'DER']);
}

test.each<[KeyType, string, 'RSA' | 'EC']>([
  ['rsa:2048', 'RSA 2048', 'RSA'],
  ['rsa:3072', 'RSA 3072', 'RSA'],
  ['p256', 'EC P-256', 'EC'],
  ['p384', 'EC P-384', 'EC'],
  ['p521', 'EC P-521', 'EC'],
])('%s is %s and taken', (keyType, name, shown) => {
  const publicKeyInfo = publicKeyInfoOf(keyType);
  const description = describePublicKey(publicKeyInfo);
  expect(nameOfPublicKey(description)).toBe(name);
  expect(isSupported(description)).toBe(true);
  expect(keyTypeOf(publicKeyInfo)).toBe(shown);
});

test.each<[KeyType, string, string]>([
  ['rsa:1024', 'RSA 1024', 'RSA keys must have 2048 to 8192 bits, and this one has 1024'],
  ['rsa-pss:2048', 'RSA-PSS', 'RSA-PSS keys cannot make the PKCS#1 v1.5 signatures that Roles Anywhere asks for'],
  ['secp256k1', 'EC secp256k1', 'Roles Anywhere takes no signatures by EC secp256k1 keys'],
  ['brainpoolP256r1', 'EC brainpoolP256r1', 'Roles Anywhere takes no signatures by EC brainpoolP256r1 keys'],
  ['ed25519', 'Ed25519', 'Roles Anywhere takes no signatures by Ed25519 keys'],
  ['ed448', 'Ed448', 'Roles Anywhere takes no signatures by Ed448 keys'],
  ['x25519', 'X25519', 'X25519 keys cannot sign'],
  ['dsa', 'DSA', 'Roles Anywhere takes no signatures by DSA keys'],
])('%s is %s and refused', (keyType, name, reason) => {
  const publicKeyInfo = publicKeyInfoOf(keyType);
  const description = describePublicKey(publicKeyInfo);
  expect(nameOfPublicKey(description)).toBe(name);
  expect(isSupported(description)).toBe(false);
  expect(whyUnsupported(description)).toBe(reason);
  expect(keyTypeOf(publicKeyInfo)).toBe(keyType === 'rsa:1024' ? 'RSA' : undefined);
});

test('a curve that is spelled out is refused', () => {
  const explicit = ['-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'];
  const key = openssl(['genpkey', '-algorithm', 'EC', ...explicit]);
  const description = describePublicKey(openssl(['pkey', '-pubout', '-outform', 'DER'], key));
  expect(isSupported(description)).toBe(false);
  expect(whyUnsupported(description)).toBe('EC keys must name their curve, and this one spells it out');
});

test('the bits of an RSA modulus are counted from its first one', () => {
  const bitsOf = (modulus: string): unknown => {
    const rsaEncryption = encodeElement(0x30, Buffer.from('06092a864886f70d0101010500', 'hex'));
    const publicKey = encodeElement(
      0x30,
      encodeElement(0x02, Buffer.from(modulus, 'hex')),
      Buffer.from('020103', 'hex'),
    );
    return describePublicKey(encodeElement(0x30, rsaEncryption, encodeElement(0x03, Buffer.of(0), publicKey)));
  };
  expect(bitsOf('01ff')).toEqual({ family: 'RSA', bits: 9 });
  expect(bitsOf('00ff')).toEqual({ family: 'RSA', bits: 8 });
  expect(bitsOf('7fff')).toEqual({ family: 'RSA', bits: 15 });
  expect(bitsOf('00')).toEqual({ family: 'RSA', bits: 0 });
});

test('RSA keys have limits at both ends', () => {
  for (const [bits, supported] of [
    [2047, false],
    [2048, true],
    [8192, true],
    [8193, false],
  ] as const) {
    expect(isSupported({ family: 'RSA', bits })).toBe(supported);
  }
});

test.each(['44', '65', '87'])('ML-DSA-%s', (set) => {
  const pem = readFileSync(new URL(`../../../certs-fixtures/made/ml-dsa-${set}-by-ec.pem`, import.meta.url), 'utf8');
  const der = Buffer.from(pem.split('-----')[2] ?? '', 'base64');
  const { publicKeyInfo } = parseX509(der);
  expect(describePublicKey(publicKeyInfo)).toEqual({ family: 'ML-DSA', name: `ML-DSA-${set}` });
  expect(isSupported(describePublicKey(publicKeyInfo))).toBe(true);
  expect(keyTypeOf(publicKeyInfo)).toBe(`ML-DSA-${set}`);
  expect(publicKeyBytes(publicKeyInfo)).toHaveLength({ '44': 1312, '65': 1952, '87': 2592 }[set] ?? 0);
});

describe('the key itself', () => {
  test('of RSA is a PKCS#1 RSAPublicKey', () => {
    const publicKeyInfo = publicKeyInfoOf('rsa:2048');
    const key = createPublicKey({ key: publicKeyInfo, format: 'der', type: 'spki' });
    expect(publicKeyBytes(publicKeyInfo)).toEqual(key.export({ type: 'pkcs1', format: 'der' }));
  });

  test.each(['p256', 'p384', 'p521'] as const)(
    'of %s is the uncompressed point, even out of a compressed one',
    (curve) => {
      const path = makeKey(folder, curve, curve);
      const form = (name: string): Buffer =>
        openssl(['ec', '-in', path, '-pubout', '-conv_form', name, '-outform', 'DER', '-param_enc', 'named_curve']);
      const compressed = form('compressed');
      const point = publicKeyBytes(form('uncompressed'));
      const size = { p256: 32, p384: 48, p521: 66 }[curve];
      expect(point).toHaveLength(1 + 2 * size);
      expect(point[0]).toBe(4);
      expect(compressed.length).toBeLessThan(point.length);
      expect(publicKeyBytes(compressed)).toEqual(point);
    },
  );
});

test('a certificate of a bundle can be read for its key', () => {
  const path = new URL('../../../certs-fixtures/vectors/rsa2048.pem', import.meta.url).pathname;
  expect(keyTypeOf(parseX509(certificateDer(path)).publicKeyInfo)).toBe('RSA');
});
