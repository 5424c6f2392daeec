import { createHash, createHmac } from 'node:crypto';
import { u32 } from './codec.ts';

/** What a key is derived for; the labels of part 1, annex "KDF contexts". */
export interface Derivation {
  /** Name of the hash in node:crypto. */
  readonly hash: string;
  readonly label: string;
  readonly partyU: Uint8Array;
  readonly partyV: Uint8Array;
  /** Bytes wanted. */
  readonly size: number;
}

/** KDFa: counter mode with HMAC (TPM 2.0 Library, part 1, section 11.4.10.2; SP 800-108). */
export function kdfA(key: Uint8Array, { hash, label, partyU, partyV, size }: Derivation): Buffer {
  return inBlocks(size, (counter) =>
    createHmac(hash, key)
      .update(u32(counter))
      .update(`${label}\0`)
      .update(partyU)
      .update(partyV)
      .update(u32(size * 8))
      .digest(),
  );
}

/** KDFe: out of a shared ECDH point's x coordinate (part 1, section 11.4.10.3; SP 800-56A). */
export function kdfE(z: Uint8Array, { hash, label, partyU, partyV, size }: Derivation): Buffer {
  return inBlocks(size, (counter) =>
    createHash(hash).update(u32(counter)).update(z).update(`${label}\0`).update(partyU).update(partyV).digest(),
  );
}

function inBlocks(size: number, block: (counter: number) => Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 1, length = 0; length < size; counter += 1) {
    const made = block(counter);
    length += made.length;
    blocks.push(made);
  }
  return Buffer.concat(blocks).subarray(0, size);
}
