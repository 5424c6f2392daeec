import { type Cursor, u32 } from './codec.ts';

/** What a command refers to. Its Name goes into the HMAC of a session (TPM 2.0 Library, part 1, chapter "Names"). */
export interface Entity {
  readonly handle: number;
  readonly name: Uint8Array;
}

/** Hierarchies and sessions: the Name is the handle itself. */
export function namedByHandle(handle: number): Entity {
  return { handle, name: u32(handle) };
}

/** TPM_RH_NULL (part 2, section 7.4). */
export const nullHandle = 0x4000_0007;

/** How long a TPM may take for it; discrete ones need seconds for a key. */
export type Duration = 'short' | 'medium' | 'long';

/** One command as part 3 of the specification describes it, with the way to read its answer. */
export interface TpmCommand<Answer> {
  /** `TPM2_Load` */
  readonly name: string;
  /** TPM_CC */
  readonly code: number;
  /** The first one is authorized, if any is. */
  readonly handles: readonly Entity[];
  readonly parameters: Uint8Array;
  /** Whether the first parameter is a TPM2B_…, which a session can encrypt: of the command, of the answer. */
  readonly encryptable: { readonly command: boolean; readonly answer: boolean };
  /** Whether the answer begins with the handle of something new in the TPM. */
  readonly loads: boolean;
  readonly duration: Duration;
  /** Reads the answer's parameters, all of them. `handle` is 0 where the command loads nothing. @throws Problem */
  read(parameters: Cursor, handle: number): Answer;
}
