/** SEQUENCE, with any length, even an indefinite one. */
const sequence = 0x30;

/**
 * Whether bytes begin as a PKCS#12 file does: PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe SEQUENCE … }
 * (RFC 7292, section 4). No key and no certificate begins like that.
 */
export function isPkcs12(bytes: Uint8Array): boolean {
  const lengthByte = bytes[1] ?? 0;
  const contents = lengthByte > 0x80 ? 2 + (lengthByte & 0x7f) : 2;
  return (
    bytes[0] === sequence &&
    bytes[contents] === 0x02 &&
    bytes[contents + 1] === 0x01 &&
    bytes[contents + 2] === 0x03 &&
    bytes[contents + 3] === sequence
  );
}
