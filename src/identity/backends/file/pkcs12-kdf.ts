import { isUtf8, transcode } from 'node:buffer';
import { hash as hashOnce } from 'node:crypto';
import { hashRounds } from './hash-rounds.ts';

/** What the derived bytes are for: the diversifier of RFC 7292, B.3. */
export const purposes = { key: 1, iv: 2, mac: 3 } as const;

export interface Pkcs12Kdf {
  /** As node:crypto names it. */
  readonly hash: string;
  /** UTF-16BE with its terminating zero, from `bmpString`. */
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** Bytes of the block of the hash, v in RFC 7292, B.2; of SHA-3 its rate (FIPS 202, table 3). */
function blockBytes(hash: string): number {
  const [, sha3Bits] = /^sha3-(\d+)$/.exec(hash) ?? [];
  if (sha3Bits !== undefined) return 200 - Number(sha3Bits) / 4;
  return hash === 'sha384' || hash.startsWith('sha512') ? 128 : 64;
}

/** Key derivation of PKCS#12 (RFC 7292, B.2). */
export async function derivePkcs12(
  { hash, password, salt, iterations }: Pkcs12Kdf,
  purpose: (typeof purposes)[keyof typeof purposes],
  length: number,
): Promise<Buffer> {
  const block = blockBytes(hash);
  const diversifier = Buffer.alloc(block, purpose);
  const input = Buffer.concat([stretch(salt, block), stretch(password, block)]);
  const parts: Buffer[] = [];
  for (let made = 0; made < length;) {
    const digest = await hashRounds(
      hash,
      hashOnce(hash, Buffer.concat([diversifier, input]), 'buffer'),
      iterations - 1,
    );
    parts.push(digest);
    made += digest.length;
    if (made < length) addToBlocks(input, stretch(digest, block).subarray(0, block));
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** Repeated until it fills whole blocks; nothing stays nothing. */
function stretch(bytes: Uint8Array, block: number): Buffer {
  const length = block * Math.ceil(bytes.length / block);
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

/** Adds `addend` and 1 to every block of `input`, as big-endian numbers without the carry out (step 6 C). */
function addToBlocks(input: Buffer, addend: Buffer): void {
  for (let start = 0; start < input.length; start += addend.length) {
    let carry = 1;
    for (let index = addend.length - 1; index >= 0; index--) {
      carry += (input[start + index] ?? 0) + (addend[index] ?? 0);
      input[start + index] = carry & 0xff;
      carry >>= 8;
    }
  }
}

/**
 * A password as PKCS#12 takes it (RFC 7292, B.1): UTF-16BE, surrogates beyond the BMP as everybody does it, and a zero
 * at the end. Bytes that are not UTF-8 are taken for Latin-1, as OpenSSL does.
 */
export function bmpString(password: Uint8Array): Buffer {
  const utf16 = transcode(password, isUtf8(password) ? 'utf8' : 'latin1', 'utf16le').swap16();
  return Buffer.concat([utf16, Buffer.alloc(2)]);
}
