/** Where a C function is to put a pointer or a handle: eight bytes, zero until then. */
export class Slot {
  readonly bytes = Buffer.alloc(8);

  get value(): bigint {
    return this.bytes.readBigUInt64LE();
  }
}
