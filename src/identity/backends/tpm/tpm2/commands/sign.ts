import { algorithmName, algorithms } from '../algorithms.ts';
import { type Cursor, sized, takeSized, takeU16, u16, u32 } from '../codec.ts';
import { type Entity, nullHandle, type TpmCommand } from '../command.ts';
import { damaged } from '../../../../x509/der.ts';

/** TPM_ST_HASHCHECK (TPM 2.0 Library, part 2, section 6.9) */
const tagHashCheck = 0x8024;

/** TPMT_SIG_SCHEME (TPM 2.0 Library, part 2, section 11.2.1.5). */
export interface SignatureScheme {
  readonly scheme: typeof algorithms.RSASSA | typeof algorithms.ECDSA;
  readonly hash: number;
}

/** TPMT_SIGNATURE (part 2, section 11.3.4); `r` and `s` may lack leading zeros. */
export type TpmSignature =
  | { readonly type: 'RSA'; readonly signature: Uint8Array }
  | { readonly type: 'ECC'; readonly r: Uint8Array; readonly s: Uint8Array };

/** TPM2_Sign (part 3, section 20.2) with a key that is not restricted, which needs no ticket. */
export function signDigest(
  key: Entity,
  digest: Uint8Array,
  { scheme, hash }: SignatureScheme,
): TpmCommand<TpmSignature> {
  const noTicket = [u16(tagHashCheck), u32(nullHandle), sized()];
  return {
    name: 'TPM2_Sign',
    code: 0x15d,
    handles: [key],
    parameters: Buffer.concat([sized(digest), u16(scheme), u16(hash), ...noTicket]),
    encryptable: { command: true, answer: false },
    loads: false,
    duration: 'medium',
    read(cursor) {
      const [foundScheme, foundHash] = [takeU16(cursor), takeU16(cursor)];
      if (foundScheme !== scheme || foundHash !== hash) {
        throw damaged(`it is a signature by ${algorithmName(foundScheme)} with ${algorithmName(foundHash)}`);
      }
      return readSignature(cursor, scheme);
    },
  };
}

function readSignature(cursor: Cursor, scheme: SignatureScheme['scheme']): TpmSignature {
  if (scheme === algorithms.RSASSA) return { type: 'RSA', signature: Uint8Array.from(takeSized(cursor)) };
  return { type: 'ECC', r: takeSized(cursor), s: takeSized(cursor) };
}
