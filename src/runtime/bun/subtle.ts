/** RSA and EC keys for WebCrypto, which is at hand in Bun, where node:crypto takes milliseconds to load. */
import type { webcrypto } from 'node:crypto';
import { onlyElement, sequenceOf } from '../../identity/x509/der.ts';
import type { PublicKeyDescription } from '../../identity/x509/public-key.ts';

/** What WebCrypto has of the keys that Roles Anywhere knows. */
export type SubtleKey = Extract<PublicKeyDescription, { family: 'EC' }> | { readonly family: 'RSA' };

type Hash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/** RSASSA-PKCS1-v1_5 or ECDSA. */
export function importParameters(
  key: SubtleKey,
  hash: Hash,
): webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams {
  return key.family === 'RSA' ? { name: 'RSASSA-PKCS1-v1_5', hash } : { name: 'ECDSA', namedCurve: key.curve };
}

export function useParameters(key: SubtleKey, hash: Hash): string | webcrypto.EcdsaParams {
  return key.family === 'RSA' ? 'RSASSA-PKCS1-v1_5' : { name: 'ECDSA', hash };
}

/** As node:crypto names them -> as WebCrypto does. */
export const subtleHashes: Readonly<Record<string, Hash>> = {
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};

/** Bytes of a coordinate, and of each number of a signature. */
const numberBytes = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const;

/**
 * `r ‖ s` out of DER `SEQUENCE { r, s }`.
 *
 * @throws Problem, RangeError for what is no signature by that curve
 */
export function rawSignature(der: Uint8Array, curve: keyof typeof numberBytes): Buffer {
  const size = numberBytes[curve];
  const [r, s] = sequenceOf(onlyElement(der), 2).map(({ contents }) => {
    const digits = contents[0] === 0 ? contents.subarray(1) : contents;
    return Buffer.concat([Buffer.alloc(size - digits.length), digits]);
  });
  return Buffer.concat([r ?? Buffer.of(), s ?? Buffer.of()]);
}
