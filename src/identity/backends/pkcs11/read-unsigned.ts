import { endianness } from 'node:os';

/** A CK_ULONG, which has the size and the byte order of the machine; nothing is 0. */
export function readUnsigned(bytes: Uint8Array): bigint {
  const bigEndian = endianness() === 'BE' ? bytes : bytes.toReversed();
  return bigEndian.length === 0 ? 0n : BigInt(`0x${Buffer.from(bigEndian).toString('hex')}`);
}
