import { openFileIdentity } from './backends/file/open-file-identity.ts';
import { bytesOf } from './backends/sources.ts';
import type { IdentityContext, IdentitySource, SigningIdentity } from './identity.ts';
import { certificateStoreOf, keyOpener } from './key-stores.ts';
import { verifiedSigner } from './verified-signer.ts';

/**
 * Opens certificate, chain and private key together, checked against each other and against what Roles Anywhere asks
 * of a certificate. Every signature of the identity is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, CHAIN_*, KEY_*, PASSWORD_*, PKCS11_*, PIN_*, TPM_*, OPTION_*; when signing
 * SIGNATURE_INVALID
 */
export async function openIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  // Files are on the hot path of every call; what is rare is loaded when it is asked for.
  const store = await certificateStoreOf(source.privateKey, source.certificate);
  const identity = await (store?.openIdentity ?? openFiles)(source, context);
  return { ...identity, signer: verifiedSigner(identity.signer, identity.certificate.publicKeyInfo) };
}

function openFiles(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const certificate = bytesOf(source.certificate);
  const { privateKey = certificate, intermediates, keyPassword, tpm } = source;
  const files = { certificate, privateKey, intermediates, keyPassword };
  return openFileIdentity(files, context, keyOpener(tpm, context));
}
