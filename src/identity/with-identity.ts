import type { IdentityContext, IdentitySource, ReloadingIdentity, SigningIdentity } from './identity.ts';
import { openIdentity } from './open-identity.ts';
import { verifiedSigner } from './verified-signer.ts';

/**
 * Runs `use` with an identity that is opened and closed around it; with a kept one as it is at the moment; or with one
 * of the caller's own, whose signatures are checked before they are sent like any other.
 *
 * @throws RolesAnywhereError what `openIdentity` throws; whatever `use` throws
 */
export async function withIdentity<T>(
  given: IdentitySource | SigningIdentity | ReloadingIdentity,
  context: IdentityContext,
  use: (identity: SigningIdentity) => Promise<T>,
): Promise<T> {
  if ('signer' in given) {
    return use({ ...given, signer: verifiedSigner(given.signer, given.certificate.publicKeyInfo) });
  }
  if ('use' in given) return given.use(use);
  const identity = await openIdentity(given, context);
  try {
    return await use(identity);
  } finally {
    await identity.close();
  }
}
