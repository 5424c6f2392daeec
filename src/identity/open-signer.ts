import { RolesAnywhereError } from '../core/errors.ts';
import { openFileSigner } from './backends/file/open-file-signer.ts';
import { bytesOf } from './backends/sources.ts';
import type { IdentityContext, SignerSource } from './identity.ts';
import { certificateStoreOf, keyOpener } from './key-stores.ts';
import type { OpenedSigner } from './signer.ts';
import { verifiedSigner } from './verified-signer.ts';

/**
 * Opens a private key alone, or with the certificate that it must belong to: what `sign-string` needs. Every
 * signature is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_*, PASSWORD_*, PKCS11_*, PIN_*, TPM_*,
 * OPTION_*; when signing SIGNATURE_INVALID
 */
export async function openSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const store = await certificateStoreOf(source.privateKey, source.certificate);
  const opened = await (store?.openSigner ?? openFile)(source, context);
  const { signer, publicKeyInfo } = opened;
  return publicKeyInfo === undefined ? opened : { ...opened, signer: verifiedSigner(signer, publicKeyInfo) };
}

async function openFile(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const { certificate, privateKey = certificate, keyPassword, tpm } = source;
  if (privateKey === undefined)
    throw new RolesAnywhereError('OPTION_MISSING', '--private-key or --certificate is missing');
  const files = { certificate: certificate && bytesOf(certificate), privateKey, keyPassword };
  return openFileSigner(files, context, keyOpener(tpm, context));
}
