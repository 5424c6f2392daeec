import { damaged } from '../../x509/der.ts';

/** What a client of gRPC takes by default; a few certificates and keys are kilobytes. */
const longestMessage = 4 * 1024 * 1024;

/** A byte that says whether it is compressed, and four of its length ("gRPC over HTTP2", Length-Prefixed-Message). */
const prefixBytes = 5;

/** Puts messages together from the pieces that they come in. They hold private keys: what was copied is wiped. */
export class MessageCollector {
  #pieces: Buffer[] = [];
  #length = 0;

  /** Whether no message has begun that has not ended. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** @throws Problem for what is too long or compressed, which nobody asked for */
  take(piece: Buffer): readonly Buffer[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    const messages: Buffer[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) messages.push(next);
    return messages;
  }

  wipe(): void {
    for (const piece of this.#pieces) piece.fill(0);
    this.#pieces = [];
    this.#length = 0;
  }

  #next(): Buffer | undefined {
    if (this.#length < prefixBytes) return undefined;
    const prefix = this.#peek(prefixBytes);
    if (prefix[0] !== 0) throw damaged('it is compressed');
    const end = prefixBytes + prefix.readUInt32BE(1);
    if (end > longestMessage) throw damaged('it is longer than 4 MiB');
    if (this.#length < end) return undefined;
    const all = Buffer.concat(this.#pieces);
    const message = Buffer.from(all.subarray(prefixBytes, end));
    const rest = Buffer.from(all.subarray(end));
    all.fill(0);
    this.wipe();
    if (rest.length > 0) this.#pieces = [rest];
    this.#length = rest.length;
    return message;
  }

  /** Joins no more pieces than it takes: a message may come in thousands of them. */
  #peek(length: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#pieces;
    return first.length >= length ? first.subarray(0, length) : this.#join().subarray(0, length);
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#pieces);
    for (const piece of this.#pieces) piece.fill(0);
    this.#pieces = [joined];
    return joined;
  }
}
