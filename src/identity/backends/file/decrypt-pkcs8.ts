import { octetStringOf, onlyElement, sequenceOf } from '../../x509/der.ts';
import { keyStructure } from './key-structure.ts';
import { checkCost, decryptPbe, type PbePassword } from './pbe.ts';
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
  if (!isPrivateKeyInfo(plain)) throw wrongPassword();
  return plain;
}

function isPrivateKeyInfo(plain: Buffer): boolean {
  try {
    return keyStructure(plain) === 'pkcs8';
  } catch {
    return false;
  }
}
