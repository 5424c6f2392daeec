import { damaged } from '../../../x509/der.ts';
import { sized, u32, u8 } from './codec.ts';

/** What an authorization needs to know of the command it is for. */
export interface AuthorizedCommand {
  readonly code: number;
  readonly names: readonly Uint8Array[];
  readonly parameters: Uint8Array;
  readonly encryptable: { readonly command: boolean; readonly answer: boolean };
}

/** TPMS_AUTH_RESPONSE (TPM 2.0 Library, part 2, section 10.13.3). */
export interface AuthResponse {
  readonly nonce: Uint8Array;
  readonly attributes: number;
  readonly hmac: Uint8Array;
}

/** One command with its authorization made. */
export interface PreparedCommand {
  /** Encrypted in part, where the session does that. */
  readonly parameters: Uint8Array;
  /** TPMS_AUTH_COMMAND (part 2, section 10.13.2). */
  readonly authCommand: Uint8Array;
  /** Checks the answer and returns its parameters, decrypted. @throws Problem */
  accept(parameters: Uint8Array, response: AuthResponse): Uint8Array;
}

/** Shows the TPM that a command's first handle may be used. Good for one command. */
export interface Authorization {
  prepare(command: AuthorizedCommand): PreparedCommand;
}

/** TPM_RS_PW (part 2, section 7.4) */
const passwordSession = 0x4000_0009;

/** TPMA_SESSION (part 2, section 8.4) */
export const sessionAttributes = { continueSession: 0x01, decrypt: 0x20, encrypt: 0x40 } as const;

/** The password as it is, and no way to tell whether the answer is the TPM's (part 1, "Password authorizations"). */
export function passwordAuthorization(authValue: Uint8Array): Authorization {
  return {
    prepare: ({ parameters }) => ({
      parameters,
      authCommand: writeAuthCommand(passwordSession, new Uint8Array(), sessionAttributes.continueSession, authValue),
      accept(answer, { nonce, hmac }) {
        if (nonce.length > 0 || hmac.length > 0) throw damaged('it answers a password with a session');
        return answer;
      },
    }),
  };
}

export function writeAuthCommand(session: number, nonce: Uint8Array, attributes: number, hmac: Uint8Array): Uint8Array {
  return Buffer.concat([u32(session), sized(nonce), u8(attributes), sized(hmac)]);
}
