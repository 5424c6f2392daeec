import type { FileKeySource } from '../../key-place.ts';
import { placeOf } from '../../place-of.ts';
import { foreignKey, type LocalKey } from '../file/local-key.ts';
import type { FileContext } from '../file/open-files.ts';
import { openTpmSigner } from './open-tpm-key.ts';
import type { TpmKeySource } from './tpm-options.ts';

/**
 * Opens a key in the TPM for the file backend, which pairs it with a certificate as it does keys in files.
 *
 * @param bytes of a TSS2 PRIVATE KEY; may be wiped afterwards. Undefined for a handle
 * @throws RolesAnywhereError as openTpmSigner
 */
export async function openTpmKey(
  source: FileKeySource,
  { tpm, context }: Pick<FileContext, 'tpm' | 'context'>,
  bytes: Uint8Array = new Uint8Array(),
): Promise<LocalKey> {
  const options = { ...tpm, debug: context.debug };
  const { signer, publicKeyInfo, close } = await openTpmSigner(keySourceOf(source, bytes), options, context);
  return { ...foreignKey(signer, publicKeyInfo), close };
}

function keySourceOf(source: FileKeySource, bytes: Uint8Array): TpmKeySource {
  const place = placeOf(source);
  if (source.kind === 'tpm-handle') return { kind: 'handle', handle: source.handle, place };
  return { kind: 'tss2', bytes: Uint8Array.from(bytes), place };
}
