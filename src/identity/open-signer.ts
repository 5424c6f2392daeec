import { RolesAnywhereError } from '../errors.ts';
import { openFileSigner } from './backends/file/open-file-signer.ts';
import type { IdentityContext, KeySource, SecretSource } from './identity.ts';
import { type BackendKind, backendKindOf, bytesOf, notBuilt } from './key-place.ts';
import type { Signer } from './signer.ts';
import { verifiedSigner } from './verified-signer.ts';

/** A private key to sign with; at least one of certificate and privateKey. */
export interface SignerSource {
  /** The key must belong to it; it is not judged further. */
  readonly certificate?: KeySource;
  /** The same source as the certificate when not given. */
  readonly privateKey?: KeySource;
  readonly keyPassword?: SecretSource;
}

export interface OpenedSigner {
  readonly signer: Signer;
  /** DER SubjectPublicKeyInfo; `publicKeyBytes` and `keyTypeOf` read it. */
  readonly publicKeyInfo: Uint8Array;
  close(): Promise<void>;
}

type OpenBackend = (source: SignerSource, context: IdentityContext) => Promise<OpenedSigner>;

const backends: Readonly<Record<BackendKind, () => Promise<OpenBackend>>> = {
  file: () => Promise.resolve(openFile),
  pkcs11: () => notBuilt('pkcs11'),
  tpm: () => notBuilt('tpm'),
};

/**
 * Opens a private key alone, or with the certificate that it must belong to: what `sign-string` needs. Every
 * signature is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_*, PASSWORD_*, OPTION_MISSING,
 * OPTION_NOT_BUILT; when signing SIGNATURE_INVALID
 */
export async function openSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const open = await backends[backendKindOf(source)]();
  const opened = await open(source, context);
  return { ...opened, signer: verifiedSigner(opened.signer, opened.publicKeyInfo) };
}

const openFile: OpenBackend = async ({ certificate, privateKey, keyPassword }, context) => {
  const key = privateKey ?? certificate;
  if (key === undefined) throw new RolesAnywhereError('OPTION_MISSING', '--private-key or --certificate is missing');
  const files = {
    certificate: certificate === undefined ? undefined : bytesOf(certificate),
    privateKey: bytesOf(key),
    keyPassword,
  };
  return { ...(await openFileSigner(files, context)), close: () => Promise.resolve() };
};
