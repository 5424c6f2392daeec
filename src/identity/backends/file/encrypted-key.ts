import { Problem } from '../../problem.ts';
import { octetStringOf, onlyElement, sequenceOf } from '../../x509/der.ts';
import { cipherByName, decryptWith } from './cipher.ts';
import { type DerKind, derKind } from './file-kind.ts';
import { checkCost, decryptPbe, digestOf, type PbePassword } from './pbe.ts';
import { decodePem, type PemBlock, pemHeaders } from './pem.ts';
import { bmpString } from './pkcs12-kdf.ts';
import { wrongPassword } from './unlock.ts';

/**
 * Decrypts an EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm, encryptedData } (RFC 5958, section 3).
 *
 * @param password UTF-8
 * @returns a PrivateKeyInfo, to be wiped
 * @throws Problem PASSWORD_WRONG, KEY_UNSUPPORTED, KEY_INVALID
 */
export async function decryptPkcs8(der: Uint8Array, password: Buffer): Promise<Buffer> {
  const [algorithm] = sequenceOf(onlyElement(der));
  checkCost([algorithm]);
  const bmp = bmpString(password);
  try {
    return await decryptPrivateKeyInfo(der, { utf8: password, bmp });
  } finally {
    bmp.fill(0);
  }
}

/** The same with both forms of the password, for PKCS#12. */
export async function decryptPrivateKeyInfo(der: Uint8Array, password: PbePassword): Promise<Buffer> {
  const [algorithm, encryptedData] = sequenceOf(onlyElement(der));
  const plain = await decryptPbe(algorithm, octetStringOf(encryptedData), password);
  // One wrong password in 256 leaves a padding that looks right.
  if (!isKey(plain, ['pkcs8'])) throw wrongPassword();
  return plain;
}

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
  if (!isKey(plain, ['pkcs1', 'sec1', 'pkcs8', 'dsa'])) throw wrongPassword();
  return plain;
}

/** D_i = MD5(D_(i-1) ‖ password ‖ salt), as many as the key needs. */
function deriveKey(password: Buffer, salt: Buffer, length: number): Buffer {
  let key = Buffer.alloc(0);
  let round: Buffer = Buffer.alloc(0);
  while (key.length < length) {
    round = digestOf('md5', Buffer.concat([round, password, salt]));
    key = Buffer.concat([key, round]);
  }
  return key.subarray(0, length);
}

function isKey(plain: Buffer, expected: readonly DerKind[]): boolean {
  try {
    return expected.includes(derKind(plain));
  } catch {
    return false;
  }
}
