import { describe, expect, test } from 'vitest';
import { cipherByName, decryptWith } from '../../../../src/identity/backends/file/cipher.ts';
import { bmpString, derivePkcs12, purposes } from '../../../../src/identity/backends/file/pkcs12-kdf.ts';
import { decryptRc2, decryptRc4 } from '../../../../src/identity/backends/file/old-ciphers.ts';
import { Problem } from '../../../../src/identity/problem.ts';
import { openssl } from '../../../support/openssl.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** RFC 2268, section 5. */
test.each([
  ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
  ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
  ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
  ['88', 64, '0000000000000000', '61a8a244adacccf0'],
  ['88bca90e90875a', 64, '0000000000000000', '6ccf4308974c267f'],
  ['88bca90e90875a7f0f79c384627bafb2', 64, '0000000000000000', '1a807d272bbe5db1'],
  ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
  ['88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e', 129, '0000000000000000', '5b78d3a43dfff1f1'],
])('RC2 key %s, %i bits', (key, effectiveBits, plain, encrypted) => {
  expect(decryptRc2({ key: hex(key), effectiveBits, iv: Buffer.alloc(8) }, hex(encrypted))).toEqual(hex(plain));
});

test('RC2 in CBC mode and RC4, as openssl has them', () => {
  const plain = Buffer.from('a text of several blocks, padded as usual');
  const key = hex('000102030405060708090a0b0c0d0e0f');
  const iv = hex('f0e0d0c0b0a09080');
  const legacy = ['-provider', 'default', '-provider', 'legacy'];
  const rc2 = openssl(['enc', '-rc2-cbc', ...legacy, '-K', key.toString('hex'), '-iv', iv.toString('hex')], plain);
  const cipher = cipherByName('rc2-cbc');
  if (cipher === undefined) throw new Error('no RC2');
  expect(decryptWith({ ...cipher, iv }, key, rc2)).toEqual(plain);
  const rc4 = openssl(['enc', '-rc4', ...legacy, '-K', key.toString('hex')], plain);
  expect(decryptRc4(key, rc4)).toEqual(plain);
});

describe('padding', () => {
  const key = Buffer.alloc(16, 1);
  const iv = Buffer.alloc(8, 2);
  const decrypt = (data: Buffer): Buffer => {
    const cipher = cipherByName('rc2-cbc');
    if (cipher === undefined) throw new Error('no RC2');
    return decryptWith({ ...cipher, iv }, key, data);
  };

  test('that is wrong is a wrong password', () => {
    for (const data of [Buffer.alloc(0), Buffer.alloc(8, 3), Buffer.alloc(13, 4)]) {
      expect(() => decrypt(data)).toThrow(Problem);
      expect(() => decrypt(data)).toThrow('is not opened by the password given');
    }
  });
});

test.each(['des-cbc', 'des-ede-cbc', 'des-ede3-cbc'] as const)('%s is three-key 3DES with repeated keys', (name) => {
  const cipher = cipherByName(name);
  if (cipher === undefined) throw new Error('no DES');
  const key = hex('0123456789abcdeffedcba987654321089abcdef01234567').subarray(0, cipher.keyBytes);
  const iv = hex('1234567890abcdef');
  const arguments_ = ['-K', key.toString('hex'), '-iv', iv.toString('hex')];
  const encrypted = openssl(
    ['enc', `-${name}`, '-provider', 'default', '-provider', 'legacy', ...arguments_],
    'plain text',
  );
  expect(decryptWith({ ...cipher, iv }, key, encrypted).toString()).toBe('plain text');
});

test('a cipher that OpenSSL does not have is named', () => {
  const cipher = { name: 'no-such-cipher', keyBytes: 16, ivBytes: 16, iv: Buffer.alloc(16) };
  expect(() => decryptWith(cipher, Buffer.alloc(16), Buffer.alloc(16))).toThrow(
    'is encrypted with no-such-cipher, which this OpenSSL does not have',
  );
});

describe('key derivation of PKCS#12', () => {
  /** Long known among implementers; the password of all is smeg or queeg. */
  test.each([
    ['smeg', '0a58cf64530d823f', 1, 'key', '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3'],
    ['smeg', '0a58cf64530d823f', 1, 'iv', '79993dfe048d3b76'],
    ['smeg', '3d83c0e4546ac140', 1, 'mac', '8d967d88f6caa9d714800ab3d48051d63f73a312'],
    ['queeg', '05dec959acff72f7', 1000, 'key', 'ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4'],
    ['queeg', '05dec959acff72f7', 1000, 'iv', '11dedad7758d4860'],
    ['queeg', '263216fcc2fab31c', 1000, 'mac', '5ec4c7a80df652294c3925b6489a7ab857c83476'],
  ] as const)('%s %s %i %s', async (password, salt, iterations, purpose, expected) => {
    const kdf = { hash: 'sha1', password: bmpString(Buffer.from(password)), salt: hex(salt), iterations };
    expect(await derivePkcs12(kdf, purposes[purpose], expected.length / 2)).toEqual(hex(expected));
  });

  test.each([
    ['', '0000'],
    ['ab', '006100620000'],
    ['ü', '00fc0000'],
    ['\u{1F511}', 'd83ddd110000'],
  ])('password %j is %s', (password, expected) => {
    expect(bmpString(Buffer.from(password))).toEqual(hex(expected));
  });

  test('a password that is not UTF-8 is taken for Latin-1', () => {
    expect(bmpString(Buffer.from('ü', 'latin1'))).toEqual(hex('00fc0000'));
  });
});
