import { createDecipheriv } from 'node:crypto';
import { Problem } from '../../problem.ts';
import { decryptRc2, decryptRc4 } from './old-ciphers.ts';
import { wrongPassword } from './unlock.ts';

/** A cipher that keys and certificates are encrypted with. */
export interface Cipher {
  /** As node:crypto names it. */
  readonly name: string;
  readonly keyBytes: number;
  readonly ivBytes: number;
  /** For RC2 only: how many bits of the key count (RFC 2268, section 2). */
  readonly effectiveBits?: number;
}

export interface CipherWithIv extends Cipher {
  readonly iv: Uint8Array;
}

const aesBlock = 16;
const desBlock = 8;

const ciphers: readonly Cipher[] = [
  ...['aes', 'camellia', 'aria'].flatMap((family) =>
    [128, 192, 256].flatMap((bits) =>
      ['cbc', 'ofb', 'cfb'].map((mode) => ({
        name: `${family}-${bits}-${mode}`,
        keyBytes: bits / 8,
        ivBytes: aesBlock,
      })),
    ),
  ),
  { name: 'sm4-cbc', keyBytes: 16, ivBytes: aesBlock },
  { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: desBlock },
  { name: 'des-ede-cbc', keyBytes: 16, ivBytes: desBlock },
  { name: 'des-cbc', keyBytes: 8, ivBytes: desBlock },
  { name: 'rc2-cbc', keyBytes: 16, ivBytes: desBlock, effectiveBits: 128 },
  { name: 'rc2-64-cbc', keyBytes: 8, ivBytes: desBlock, effectiveBits: 64 },
  { name: 'rc2-40-cbc', keyBytes: 5, ivBytes: desBlock, effectiveBits: 40 },
  { name: 'rc4', keyBytes: 16, ivBytes: 0 },
  { name: 'rc4-40', keyBytes: 5, ivBytes: 0 },
];

export function cipherByName(name: string): Cipher | undefined {
  return ciphers.find((cipher) => cipher.name === name);
}

/**
 * Decrypts and takes the padding off.
 *
 * @throws Problem PASSWORD_WRONG when the padding is wrong, KEY_UNSUPPORTED when this OpenSSL lacks the cipher
 */
export function decryptWith(cipher: CipherWithIv, key: Uint8Array, data: Uint8Array): Buffer {
  if (cipher.name.startsWith('rc4')) return decryptRc4(key, data);
  if (cipher.name.startsWith('rc2'))
    return unpad(decryptRc2({ key, effectiveBits: cipher.effectiveBits ?? 128, iv: cipher.iv }, data));
  const decipher = openDecipher(cipher, key);
  try {
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch (error) {
    throw wrongPassword(error);
  }
}

function openDecipher(cipher: CipherWithIv, key: Uint8Array): ReturnType<typeof createDecipheriv> {
  const triple = cipher.name.startsWith('des-');
  try {
    return triple
      ? createDecipheriv('des-ede3-cbc', threeKeys(key), cipher.iv)
      : createDecipheriv(cipher.name, key, cipher.iv);
  } catch (error) {
    throw new Problem(`is encrypted with ${cipher.name}, which this OpenSSL does not have`, 'KEY_UNSUPPORTED', {
      cause: error,
    });
  }
}

/** Single DES and two-key 3DES are three-key 3DES with repeated keys; OpenSSL 3 has only that. */
function threeKeys(key: Uint8Array): Uint8Array {
  const first = key.subarray(0, 8);
  if (key.length === 8) return Buffer.concat([first, first, first]);
  return key.length === 16 ? Buffer.concat([key, first]) : key;
}

/** RFC 8018, section 6.1.1, step 4: n bytes, each of them n. */
function unpad(padded: Buffer): Buffer {
  const count = padded.at(-1) ?? 0;
  const padding = padded.subarray(-count);
  if (count === 0 || count > desBlock || padding.length !== count || padding.some((byte) => byte !== count))
    throw wrongPassword();
  return padded.subarray(0, -count);
}
