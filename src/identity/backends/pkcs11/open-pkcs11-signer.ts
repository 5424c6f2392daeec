import { RolesAnywhereError } from '../../../errors.ts';
import type { IdentityContext } from '../../identity.ts';
import type { Signer } from '../../signer.ts';
import { openPair } from './open-pair.ts';
import { type PairSource, type Pkcs11Options, tokenSourcesOf } from './pkcs11-options.ts';

export interface Pkcs11Signer {
  /** Does not verify what the token signs: wrap it with `verifiedSigner`. */
  readonly signer: Signer;
  /** DER SubjectPublicKeyInfo: of the certificate, where one was given, else as the token tells it. */
  readonly publicKeyInfo: Uint8Array;
  close(): Promise<void>;
}

/**
 * Opens a key on a token, alone or with the certificate that it must belong to, which is not judged.
 *
 * @throws RolesAnywhereError as openPkcs11Identity, without CERTIFICATE_* and CHAIN_*
 */
export async function openPkcs11Signer(
  source: PairSource,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<Pkcs11Signer> {
  const { key, publicKeyInfo } = await openPair({ source, options, context });
  if (publicKeyInfo !== undefined) return { signer: key, publicKeyInfo, close: () => key.close() };
  await key.close();
  const { option } = tokenSourcesOf(source).key;
  throw new RolesAnywhereError('PKCS11_NOT_FOUND', `${option}: the token does not show the public half of the key`, {
    hints: ['without it signatures cannot be verified: give the certificate of the key with --certificate'],
  });
}
