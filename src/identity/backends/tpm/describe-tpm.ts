import type { NamedText } from '../../identity.ts';
import { lockoutState, type LockoutState } from './explain-refusal.ts';
import { openerOf } from './open-tpm-key.ts';
import { TpmConnection } from './tpm2/connection.ts';

/**
 * The TPM, and how many wrong passwords it has counted (TPM 2.0 Library, part 1, "Dictionary attack protection"). No
 * password is sent.
 *
 * @throws RolesAnywhereError OPTION_INVALID, TPM_UNREACHABLE, TPM_BUSY, TPM_FAILED
 */
export async function describeTpm(device: NamedText | undefined): Promise<{ readonly name: string } & LockoutState> {
  const signal = new AbortController().signal;
  const tpm = await TpmConnection.open({ open: openerOf({ device }), signal, debug: () => undefined });
  try {
    return { name: tpm.name, ...(await lockoutState(tpm)) };
  } finally {
    await tpm.close();
  }
}
