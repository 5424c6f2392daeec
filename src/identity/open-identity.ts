import { RolesAnywhereError } from '../core/errors.ts';
import type { CertificateStore } from './backends/backend.ts';
import { openFileIdentity, openFileSigner } from './backends/file/open-file.ts';
import { bytesOf, givesBytes } from './backends/sources.ts';
import type {
  IdentityContext,
  IdentitySource,
  KeySource,
  ReloadingIdentity,
  SignerSource,
  SigningIdentity,
  TpmSettings,
} from './identity.ts';
import type { OpenKey } from './private-key.ts';
import type { OpenedSigner } from './signer.ts';
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
  const store = await openCertificateStore(source.privateKey, source.certificate);
  const identity = await (store?.openIdentity ?? openIdentityFiles)(source, context);
  return { ...identity, signer: verifiedSigner(identity.signer, identity.certificate.publicKeyInfo) };
}

function openIdentityFiles(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const certificate = bytesOf(source.certificate);
  const { privateKey = certificate, intermediates, keyPassword, tpm } = source;
  const files = { certificate, privateKey, intermediates, keyPassword };
  return openFileIdentity(files, context, keyOpener(tpm, context));
}

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

/**
 * Opens a private key alone, or with the certificate that it must belong to: what `sign-string` needs. Every
 * signature is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_*, PASSWORD_*, PKCS11_*, PIN_*, TPM_*,
 * OPTION_*; when signing SIGNATURE_INVALID
 */
export async function openSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const store = await openCertificateStore(source.privateKey, source.certificate);
  const opened = await (store?.openSigner ?? openSignerFile)(source, context);
  const { signer, publicKeyInfo } = opened;
  return publicKeyInfo === undefined ? opened : { ...opened, signer: verifiedSigner(signer, publicKeyInfo) };
}

async function openSignerFile(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const { certificate, privateKey = certificate, keyPassword, tpm } = source;
  if (privateKey === undefined)
    throw new RolesAnywhereError('OPTION_MISSING', '--private-key or --certificate is missing');
  const files = { certificate: certificate && bytesOf(certificate), privateKey, keyPassword };
  return openFileSigner(files, context, keyOpener(tpm, context));
}

/** The store that opens what these sources name; undefined where the file backend does, as at nearly every call. */
export async function openCertificateStore(
  ...sources: readonly (KeySource | undefined)[]
): Promise<CertificateStore | undefined> {
  const stored = sources.filter((source) => source !== undefined && !givesBytes(source));
  return stored.length === 0 ? undefined : (await import('./backends/registry.ts')).certificateStoreOf(stored);
}

/**
 * Joins the file backend to those that hold keys without certificates: the certificate is a file then, and of a key
 * file only the file backend sees that it is for the TPM. Neither imports the other.
 */
function keyOpener(tpm: TpmSettings | undefined, context: IdentityContext): OpenKey {
  return async (source, found) => (await import('./backends/registry.ts')).openKey(source, { tpm, context, ...found });
}
