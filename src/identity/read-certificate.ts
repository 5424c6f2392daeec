import type { IdentityContext, KeySource, SecretSource } from './identity.ts';
import { openCertificateFile } from './backends/file/open-files.ts';
import { RolesAnywhereError } from '../errors.ts';
import { type BackendKind, backendKindOf, bytesOf, notBuilt } from './key-place.ts';
import { placeOf } from './problem.ts';
import { sourceReader } from './source-reader.ts';
import type { Certificate } from './x509/certificate.ts';

/** Where a certificate is. */
export interface CertificateSource {
  readonly certificate: KeySource;
  /** Opens a PKCS#12 file. */
  readonly keyPassword?: SecretSource;
}

type OpenBackend = (source: CertificateSource, context: IdentityContext) => Promise<Certificate>;

const backends: Readonly<Record<BackendKind, () => Promise<OpenBackend>>> = {
  file: () => Promise.resolve(readFromFile),
  pkcs11: () => notBuilt('pkcs11'),
  tpm: () => notBuilt('tpm'),
};

/**
 * The first certificate of a PEM, DER or PKCS#12 file; of a PKCS#12 the one that its private key is for, where it has
 * one. Nothing is judged.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_UNSUPPORTED, PASSWORD_*, OPTION_NOT_BUILT
 */
export async function readCertificate(source: CertificateSource, context: IdentityContext): Promise<Certificate> {
  const read = await backends[backendKindOf(source)]();
  return read(source, context);
}

const readFromFile: OpenBackend = async ({ certificate, keyPassword }, context) => {
  const source = bytesOf(certificate);
  const reader = sourceReader(context.environment);
  try {
    const { certificates, keys } = await openCertificateFile(source, { reader, password: keyPassword, context });
    const found = certificates.find((candidate) => keys.some((key) => key.fits(candidate))) ?? certificates[0];
    if (found !== undefined) return found;
    throw new RolesAnywhereError('CERTIFICATE_INVALID', `${placeOf(source)} holds no certificate`);
  } finally {
    reader.wipe();
  }
};
