import type { CertificateStore } from './backends/backend.ts';
import { givesBytes } from './backends/sources.ts';
import type { IdentityContext, KeySource, TpmSettings } from './identity.ts';
import type { OpenKey } from './private-key.ts';

/** The store that opens what these sources name; undefined where the file backend does, as at nearly every call. */
export async function certificateStoreOf(
  ...sources: readonly (KeySource | undefined)[]
): Promise<CertificateStore | undefined> {
  const stored = sources.filter((source) => source !== undefined && !givesBytes(source));
  return stored.length === 0 ? undefined : (await import('./backends/registry.ts')).certificateStoreOf(stored);
}

/**
 * Joins the file backend to those that hold keys without certificates: the certificate is a file then, and of a key
 * file only the file backend sees that it is for the TPM. Neither imports the other.
 */
export function keyOpener(tpm: TpmSettings | undefined, context: IdentityContext): OpenKey {
  return async (source, bytes) => (await import('./backends/registry.ts')).openKey(source, { tpm, context, bytes });
}
