import { RolesAnywhereError } from '../core/errors.ts';
import { openFileSigner } from './backends/file/open-file-signer.ts';
import type { IdentityContext, KeySource, Pkcs11Settings, SecretSource, TpmSettings } from './identity.ts';
import { bytesOf, isOnToken, offToken } from './key-place.ts';
import type { Signer } from './signer.ts';
import { tpmKeyOpener } from './key-opener.ts';
import { verifiedSigner } from './verified-signer.ts';

/** A private key to sign with; at least one of certificate and privateKey. */
export interface SignerSource {
  /** The key must belong to it; it is not judged further. */
  readonly certificate?: KeySource;
  /** The same source as the certificate when not given. */
  readonly privateKey?: KeySource;
  readonly keyPassword?: SecretSource;
  readonly pkcs11?: Pkcs11Settings;
  readonly tpm?: TpmSettings;
}

export interface OpenedSigner {
  readonly signer: Signer;
  /**
   * DER SubjectPublicKeyInfo; `publicKeyBytes` and `keyTypeOf` read it. Undefined for a key without certificate on a
   * token that does not tell it; nothing can verify its signatures then.
   */
  readonly publicKeyInfo: Uint8Array | undefined;
  close(): Promise<void>;
}

type OpenBackend = (source: SignerSource, context: IdentityContext) => Promise<OpenedSigner>;

/**
 * Opens a private key alone, or with the certificate that it must belong to: what `sign-string` needs. Every
 * signature is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_*, PASSWORD_*, PKCS11_*, PIN_*, TPM_*,
 * OPTION_*; when signing SIGNATURE_INVALID
 */
export async function openSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const open = isOnToken(source) ? (await import('./backends/pkcs11/open-from-source.ts')).openTokenSigner : openFile;
  const opened = await open(source, context);
  const { signer, publicKeyInfo } = opened;
  return publicKeyInfo === undefined ? opened : { ...opened, signer: verifiedSigner(signer, publicKeyInfo) };
}

const openFile: OpenBackend = async ({ certificate, privateKey, keyPassword, tpm }, context) => {
  const key = privateKey ?? certificate;
  if (key === undefined) throw new RolesAnywhereError('OPTION_MISSING', '--private-key or --certificate is missing');
  const files = {
    certificate: certificate === undefined ? undefined : bytesOf(certificate),
    privateKey: offToken(key),
    keyPassword,
  };
  return openFileSigner(files, context, tpmKeyOpener(tpm, context));
};
