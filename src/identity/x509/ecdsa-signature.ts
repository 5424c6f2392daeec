import { tags } from './der.ts';
import { encodeElement } from './der-writer.ts';

/**
 * What keys in hardware return, as X.509 and Signer.sign want it: Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
 * (RFC 3279, section 2.2.3).
 *
 * @param r unsigned, big-endian, with or without leading zeros
 */
export function encodeEcdsaSignature(r: Uint8Array, s: Uint8Array): Buffer {
  return encodeElement(tags.sequence, encodeUnsigned(r), encodeUnsigned(s));
}

/** INTEGER in its shortest form, with a zero before a set top bit (X.690, section 8.3). */
export function encodeUnsigned(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((octet) => octet !== 0);
  const digits = start === -1 ? Buffer.alloc(1) : bytes.subarray(start);
  const sign = (digits[0] ?? 0) >= 0x80 ? Buffer.alloc(1) : Buffer.alloc(0);
  return encodeElement(tags.integer, sign, digits);
}
