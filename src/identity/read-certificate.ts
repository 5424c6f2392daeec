import type { ByteSource, IdentityContext, SecretSource } from './identity.ts';
import { openCertificateFile } from './backends/file/open-files.ts';
import { RolesAnywhereError } from '../errors.ts';
import { placeOf } from './place-of.ts';
import { sourceReader } from './source-reader.ts';
import type { Certificate } from './x509/certificate.ts';

/** Where a certificate is. */
export interface CertificateSource {
  readonly certificate: ByteSource;
  /** Opens a PKCS#12 file. */
  readonly keyPassword?: SecretSource;
}

/**
 * The first certificate of a PEM, DER or PKCS#12 file; of a PKCS#12 the one that its private key is for, where it has
 * one. Nothing is judged.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_UNSUPPORTED, PASSWORD_*
 */
export async function readCertificate(
  { certificate: source, keyPassword }: CertificateSource,
  context: IdentityContext,
): Promise<Certificate> {
  const reader = sourceReader(context.environment);
  try {
    const { certificates, keys } = await openCertificateFile(source, { reader, password: keyPassword, context });
    const found = certificates.find((candidate) => keys.some((key) => key.fits(candidate))) ?? certificates[0];
    if (found !== undefined) return found;
    throw new RolesAnywhereError('CERTIFICATE_INVALID', `${placeOf(source)} holds no certificate`);
  } finally {
    reader.wipe();
  }
}
