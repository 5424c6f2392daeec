import { algorithms } from '../algorithms.ts';
import { sized, takeSized, u16 } from '../codec.ts';
import type { Entity, TpmCommand } from '../command.ts';
import { type PublicArea, sizedPublic } from '../public-area.ts';

/** What TPM2_Import takes besides the public area. */
export interface Duplicate {
  /** TPM2B_PRIVATE, wrapped for the parent. */
  readonly duplicate: Uint8Array;
  /** TPM2B_ENCRYPTED_SECRET: the seed of that wrapping. */
  readonly inSymSeed: Uint8Array;
}

/**
 * TPM2_Import (TPM 2.0 Library, part 3, section 13.3) of a key without inner wrapper, as importable TSS2 files have it
 * (draft-bottomley-tpm2-keys, "secret"). The result is the TPM2B_PRIVATE for TPM2_Load.
 */
export function importKey(
  parent: Entity,
  { duplicate, inSymSeed }: Duplicate,
  area: PublicArea,
): TpmCommand<Uint8Array> {
  const encryptionKey = sized();
  return {
    name: 'TPM2_Import',
    code: 0x156,
    handles: [parent],
    parameters: Buffer.concat([encryptionKey, sizedPublic(area), duplicate, inSymSeed, u16(algorithms.NULL)]),
    encryptable: { command: true, answer: true },
    loads: false,
    duration: 'medium',
    read: (cursor) => sized(takeSized(cursor)),
  };
}
