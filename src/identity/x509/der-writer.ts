import { tags } from './der.ts';

/** Encodes one element (X.690, section 8.1) out of its tag and the parts of its contents. */
export function encodeElement(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), encodeLength(contents.length), contents]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets]);
}

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
