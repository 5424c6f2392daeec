import { openFileIdentity } from './backends/file/open-file-identity.ts';
import type { IdentityContext, IdentitySource, SigningIdentity } from './identity.ts';
import { bytesOf, isOnToken, offToken } from './key-place.ts';
import { tpmKeyOpener } from './key-opener.ts';
import { verifiedSigner } from './verified-signer.ts';

type OpenBackend = (source: IdentitySource, context: IdentityContext) => Promise<SigningIdentity>;

/**
 * Opens certificate, chain and private key together, checked against each other and against what Roles Anywhere asks
 * of a certificate. Every signature of the identity is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, CHAIN_*, KEY_*, PASSWORD_*, PKCS11_*, PIN_*, TPM_*, OPTION_*; when signing
 * SIGNATURE_INVALID
 */
export async function openIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  // Files are on the hot path of every call; what is rare is loaded when it is asked for.
  const open = isOnToken(source)
    ? (await import('./backends/pkcs11/open-from-source.ts')).openTokenIdentity
    : openFiles;
  const identity = await open(source, context);
  return { ...identity, signer: verifiedSigner(identity.signer, identity.certificate.publicKeyInfo) };
}

const openFiles: OpenBackend = (source, context) => {
  const certificate = bytesOf(source.certificate);
  const privateKey = source.privateKey === undefined ? certificate : offToken(source.privateKey);
  const { intermediates, keyPassword } = source;
  const files = { certificate, privateKey, intermediates, keyPassword };
  return openFileIdentity(files, context, tpmKeyOpener(source.tpm, context));
};
