import type { IdentityContext, TpmSettings } from './identity.ts';
import type { FileKeySource } from './key-place.ts';
import type { PrivateKey } from './private-key.ts';

/**
 * Opens a key in the TPM: the one at a handle, or the one of a TSS2 PRIVATE KEY file.
 *
 * @param bytes of that file, which may be wiped afterwards; undefined for a handle
 * @throws RolesAnywhereError OPTION_INVALID, PASSWORD_*, TPM_*
 */
export type OpenTpmKey = (source: FileKeySource, bytes?: Uint8Array) => Promise<PrivateKey>;

/**
 * Joins the file backend to that of the TPM: only the first one sees that a file holds a TPM key, and only the second one
 * can use it. Neither imports the other.
 */
export function tpmKeyOpener(tpm: TpmSettings | undefined, context: IdentityContext): OpenTpmKey {
  return async (source, bytes) => {
    const { openTpmKey } = await import('./backends/tpm/open-tpm-key.ts');
    return openTpmKey(source, { tpm, context }, bytes);
  };
}
