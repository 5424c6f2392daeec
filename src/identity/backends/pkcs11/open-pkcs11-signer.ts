import type { IdentityContext } from '../../identity.ts';
import type { Signer } from '../../signer.ts';
import { openPair } from './open-pair.ts';
import type { PairSource, Pkcs11Options } from './pkcs11-options.ts';

export interface Pkcs11Signer {
  /** Does not verify what the token signs: wrap it with `verifiedSigner`. */
  readonly signer: Signer;
  /**
   * DER SubjectPublicKeyInfo: of the certificate, where one was given, else as the token tells it. Undefined where it
   * does not, as most tokens do not of an EC key.
   */
  readonly publicKeyInfo: Uint8Array | undefined;
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
  return { signer: key, publicKeyInfo, close: () => key.close() };
}
