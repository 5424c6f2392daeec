import { algorithms } from '../algorithms.ts';
import { sized, takeSized, u16, u8 } from '../codec.ts';
import { namedByHandle, type TpmCommand } from '../command.ts';
import { type ParameterCipher, writeSymmetric } from '../parameter-encryption.ts';

/** TPM_SE (TPM 2.0 Library, part 2, section 6.11) */
const sessionTypes = { hmac: 0x00, policy: 0x01 } as const;

export type SessionType = keyof typeof sessionTypes;

export interface SessionRequest {
  readonly type: SessionType;
  /** Handle of the key that decrypts the salt, or TPM_RH_NULL. */
  readonly tpmKey: number;
  /** Handle of the object to bind to, or TPM_RH_NULL. */
  readonly bind: number;
  readonly nonceCaller: Uint8Array;
  /** Contents of the TPM2B_ENCRYPTED_SECRET; empty without a salt. */
  readonly encryptedSalt: Uint8Array;
  readonly cipher: ParameterCipher;
}

/** TPM2_StartAuthSession with SHA-256 (part 3, section 11.1). */
export function startAuthSession(
  request: SessionRequest,
): TpmCommand<{ readonly handle: number; readonly nonceTpm: Uint8Array }> {
  return {
    name: 'TPM2_StartAuthSession',
    code: 0x176,
    handles: [namedByHandle(request.tpmKey), namedByHandle(request.bind)],
    parameters: Buffer.concat([
      sized(request.nonceCaller),
      sized(request.encryptedSalt),
      u8(sessionTypes[request.type]),
      writeSymmetric(request.cipher),
      u16(algorithms.SHA256),
    ]),
    encryptable: { command: false, answer: false },
    loads: true,
    duration: 'medium',
    read: (cursor, handle) => ({ handle, nonceTpm: Uint8Array.from(takeSized(cursor)) }),
  };
}
