import { damaged } from '../../x509/der.ts';

/** Reads the data types of SSH one after the other (RFC 4251, section 5). */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws Problem when there is none left */
  byte(): number {
    return this.#take(1).readUInt8();
  }

  /** @throws Problem when there is none left */
  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  /** @throws Problem when it is longer than what is left */
  string(): Buffer {
    return this.#take(this.uint32());
  }

  /** Whether the next byte is this one. */
  startsWith(byte: number): boolean {
    return this.#bytes[this.#at] === byte;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw damaged('it ends too soon');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function sshString(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([sshUint32(bytes.length), bytes]);
}
