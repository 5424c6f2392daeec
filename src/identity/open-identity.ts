import { openFileIdentity } from './backends/file/open-file-identity.ts';
import type { IdentityContext, IdentitySource, SigningIdentity } from './identity.ts';
import { type BackendKind, backendKindOf, bytesOf, notBuilt } from './key-place.ts';
import { verifiedSigner } from './verified-signer.ts';

type OpenBackend = (source: IdentitySource, context: IdentityContext) => Promise<SigningIdentity>;

/** One row a backend. Files are on the hot path of every call; what is rare is loaded when it is asked for. */
const backends: Readonly<Record<BackendKind, () => Promise<OpenBackend>>> = {
  file: () => Promise.resolve(openFiles),
  pkcs11: () => notBuilt('pkcs11'),
  tpm: () => notBuilt('tpm'),
};

/**
 * Opens certificate, chain and private key together, checked against each other and against what Roles Anywhere asks
 * of a certificate. Every signature of the identity is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, CHAIN_*, KEY_*, PASSWORD_*, OPTION_NOT_BUILT; when signing SIGNATURE_INVALID
 */
export async function openIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const open = await backends[backendKindOf(source)]();
  const identity = await open(source, context);
  return { ...identity, signer: verifiedSigner(identity.signer, identity.certificate.publicKeyInfo) };
}

const openFiles: OpenBackend = (source, context) => {
  const certificate = bytesOf(source.certificate);
  const privateKey = source.privateKey === undefined ? certificate : bytesOf(source.privateKey);
  const { intermediates, keyPassword } = source;
  return openFileIdentity({ certificate, privateKey, intermediates, keyPassword }, context);
};
