import { createHash } from 'node:crypto';
import { Problem } from '../../problem.ts';
import { cipherByName, decryptWith } from './cipher.ts';
import { keyStructure } from './key-structure.ts';
import { decodePem, type PemBlock, pemHeaders } from './pem.ts';
import { wrongPassword } from './unlock.ts';

const saltBytes = 8;

/**
 * Decrypts a key that OpenSSL encrypted in its traditional way: `DEK-Info: AES-256-CBC,<IV>`, and a key derived from
 * the password by one round of MD5 (openssl's PEM_read manual, "PEM encryption format").
 *
 * @returns an RSAPrivateKey or ECPrivateKey, to be wiped
 * @throws Problem PASSWORD_WRONG, KEY_UNSUPPORTED, KEY_INVALID
 */
export function decryptTraditional(block: PemBlock, password: Buffer): Buffer {
  const [name = '', ivHex = ''] = (pemHeaders(block).get('DEK-Info') ?? '').split(',');
  const cipher = cipherByName(name.toLowerCase());
  if (cipher === undefined)
    throw new Problem(`is encrypted with ${name || 'an unnamed cipher'}, which is not known`, 'KEY_UNSUPPORTED');
  const iv = Buffer.from(ivHex, 'hex');
  if (iv.length !== cipher.ivBytes) throw new Problem(`is damaged: its DEK-Info has no IV for ${name}`, 'KEY_INVALID');
  const key = deriveKey(password, iv.subarray(0, saltBytes), cipher.keyBytes);
  const plain = decryptWith({ ...cipher, iv }, key, decodePem(block));
  if (!isPrivateKey(plain)) throw wrongPassword();
  return plain;
}

/** D_i = MD5(D_(i-1) ‖ password ‖ salt), as many as the key needs. */
function deriveKey(password: Buffer, salt: Buffer, length: number): Buffer {
  let key = Buffer.alloc(0);
  let round = Buffer.alloc(0);
  while (key.length < length) {
    round = createHash('md5').update(round).update(password).update(salt).digest();
    key = Buffer.concat([key, round]);
  }
  return key.subarray(0, length);
}

function isPrivateKey(plain: Buffer): boolean {
  try {
    return ['pkcs1', 'sec1', 'pkcs8', 'dsa'].includes(keyStructure(plain));
  } catch {
    return false;
  }
}
