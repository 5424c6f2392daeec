import { RolesAnywhereError } from '../../core/errors.ts';
import type { IdentityContext } from '../../identity/identity.ts';
import { type CertificateSource, readCertificate } from '../../identity/read-certificate.ts';
import { describePublicKey, keyTypeOf, supportedKeys, whyUnsupported } from '../../identity/x509/public-key.ts';

/**
 * Describes a certificate as the official helper's `read-certificate-data` does: one line of JSON, without a line
 * break after it.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, PASSWORD_*
 */
export async function certificateData(source: CertificateSource, context: IdentityContext): Promise<string> {
  const certificate = await readCertificate(source, context);
  const keyType = keyTypeOf(certificate.publicKeyInfo);
  if (keyType === undefined) {
    const why = whyUnsupported(describePublicKey(certificate.publicKeyInfo));
    throw new RolesAnywhereError('CERTIFICATE_KEY_UNSUPPORTED', `${source.certificate.option}: ${why}`, {
      hints: [supportedKeys],
    });
  }
  return JSON.stringify({
    keyType,
    certificateData: Buffer.from(certificate.der).toString('base64'),
    serialNumber: certificate.serialNumber.toString(),
    supportedAlgorithms: algorithmsOf(keyType),
  });
}

/** What the helper says a key can do: a name for each digest, and of an ML-DSA key its own. */
function algorithmsOf(keyType: string): readonly string[] {
  if (keyType !== 'RSA' && keyType !== 'EC') return [keyType];
  return ['SHA256', 'SHA384', 'SHA512'].map((digest) => keyType + digest);
}
