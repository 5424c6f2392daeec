import { damaged } from '../../x509/der.ts';

const [varint, fixed64, lengthDelimited, fixed32] = [0, 1, 2, 5];

/** More fields than any message of the Workload API has. */
const mostFields = 10_000;

/**
 * Reads the fields of a message whose values are bytes, texts or messages (Protocol Buffers, "Encoding"); those of
 * other types, which later versions of a service may add, are passed over.
 *
 * @returns number and value of each, in their order; the values are views of `bytes`
 * @throws Problem
 */
export function bytesFieldsOf(bytes: Buffer): readonly (readonly [number: number, value: Buffer])[] {
  const fields: (readonly [number, Buffer])[] = [];
  const reader = new Reader(bytes);
  for (let count = 0; !reader.isAtEnd; count += 1) {
    if (count === mostFields) throw damaged('it has too many fields');
    const tag = reader.varint();
    const value = reader.value(tag % 8);
    if (value !== undefined) fields.push([Math.floor(tag / 8), value]);
  }
  return fields;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Of at most 64 bits; those above 53 only matter in values that are passed over. */
  varint(): number {
    let value = 0;
    for (let place = 0; place < 10; place += 1) {
      const byte = this.#take(1).readUInt8();
      value += (byte % 0x80) * 2 ** (7 * place);
      if (byte < 0x80) return value;
    }
    throw damaged('a number in it is too long');
  }

  value(wireType: number): Buffer | undefined {
    if (wireType === lengthDelimited) return this.#take(this.varint());
    if (wireType === varint) this.varint();
    else if (wireType === fixed64) this.#take(8);
    else if (wireType === fixed32) this.#take(4);
    else throw damaged(`a field in it is of the unknown type ${wireType}`);
    return undefined;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw damaged('it ends too soon');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
