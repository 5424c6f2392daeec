import { tags } from '../../x509/der.ts';
import { encodeElement } from '../../x509/der-writer.ts';
import type { TpmSignature } from './tpm2/commands/sign.ts';

/** A signature as X.509 and Roles Anywhere have it: the RSA bytes, or DER SEQUENCE { r, s } (RFC 3279, section 2.2.3). */
export function wireSignature(signature: TpmSignature): Uint8Array {
  if (signature.type === 'RSA') return signature.signature;
  return encodeElement(tags.sequence, integer(signature.r), integer(signature.s));
}

/** A DER INTEGER of an unsigned number: as short as can be, and with a zero before a set top bit. */
function integer(magnitude: Uint8Array): Uint8Array {
  const start = magnitude.findIndex((octet) => octet !== 0);
  const digits = start === -1 ? Uint8Array.of(0) : magnitude.subarray(start);
  const sign = (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return encodeElement(tags.integer, sign, digits);
}
