import type { ByteSource, IdentityContext, SecretSource } from './identity.ts';
import type { DamagedCertificate } from './backends/file/file-contents.ts';
import { openCertificateFile } from './backends/file/open-files.ts';
import { naming, Problem } from './problem.ts';
import { sourceReader } from './read-source.ts';
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
  const reader = sourceReader(context);
  try {
    const contents = await openCertificateFile(source, { reader, password: keyPassword, context });
    const { certificates, damaged, keys } = contents;
    const found = certificates.find((candidate) => keys.some((key) => key.fits(candidate)));
    return found ?? (await naming(source, 'CERTIFICATE_INVALID', () => firstOf(certificates, damaged)));
  } finally {
    reader.wipe();
  }
}

/** A CA's certificate behind a damaged leaf must not pass for it. */
function firstOf(certificates: readonly Certificate[], damaged: readonly DamagedCertificate[]): Certificate {
  const [first] = certificates;
  if (first !== undefined && damaged[0]?.isFirst !== true) return first;
  throw damaged[0]?.problem ?? new Problem('holds no certificate');
}
