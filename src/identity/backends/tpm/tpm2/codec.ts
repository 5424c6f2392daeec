import { damaged } from '../../../x509/der.ts';

/**
 * The primitives of the TPM's wire format (TPM 2.0 Library, part 2, chapter 5 and part 1, chapter "Structure and union
 * marshaling"): integers are big-endian, sized buffers (TPM2B_…) start with their length in two bytes, nothing is padded.
 */

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** TPM2B_…: a buffer with its size in front. */
export function sized(...parts: readonly Uint8Array[]): Uint8Array {
  const contents = Buffer.concat(parts);
  return Buffer.concat([u16(contents.length), contents]);
}

/** Bytes that are being read, and how far. The functions below take from it and move it on. */
export interface Cursor {
  readonly bytes: Uint8Array;
  offset: number;
}

export function cursorOver(bytes: Uint8Array): Cursor {
  return { bytes, offset: 0 };
}

/** A view, not a copy. */
export function takeBytes(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.offset + length;
  if (end > cursor.bytes.length) throw damaged('it ends too early');
  const taken = cursor.bytes.subarray(cursor.offset, end);
  cursor.offset = end;
  return taken;
}

export function takeU8(cursor: Cursor): number {
  return takeNumber(cursor, 1);
}

export function takeU16(cursor: Cursor): number {
  return takeNumber(cursor, 2);
}

export function takeU32(cursor: Cursor): number {
  return takeNumber(cursor, 4);
}

function takeNumber(cursor: Cursor, length: number): number {
  let value = 0;
  for (const octet of takeBytes(cursor, length)) value = value * 256 + octet;
  return value;
}

/** The contents of a TPM2B_…. */
export function takeSized(cursor: Cursor): Uint8Array {
  return takeBytes(cursor, takeU16(cursor));
}

/** What has not been taken yet. */
export function rest(cursor: Cursor): Uint8Array {
  return cursor.bytes.subarray(cursor.offset);
}

/** Nothing may follow what was read. */
export function expectEnd(cursor: Cursor): void {
  const excess = cursor.bytes.length - cursor.offset;
  if (excess > 0) throw damaged(`${excess} bytes follow its end`);
}
