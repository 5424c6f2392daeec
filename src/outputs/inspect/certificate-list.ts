import { createHash } from 'node:crypto';
import type { IdentityContext, SecretSource } from '../../identity/identity.ts';
import type { CertificateSearch, ListedCertificate } from '../../identity/backends/backend.ts';
import { openCertificateStore } from '../../identity/open-identity.ts';
import { bytesOf } from '../../identity/backends/sources.ts';
import { certificateData } from './certificate-data.ts';
import { distinguishedName } from '../../identity/x509/distinguished-name.ts';

/**
 * Describes a certificate, or lists those of a token, as the official helper's `read-certificate-data` does, URIs
 * included.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, PASSWORD_*, PKCS11_*, PIN_*, OPTION_*
 */
export async function certificateListOrData(
  source: CertificateSearch & { readonly keyPassword?: SecretSource },
  context: IdentityContext,
): Promise<string> {
  const { certificate } = source;
  const store = await openCertificateStore(certificate);
  if (store === undefined) return certificateData({ ...source, certificate: bytesOf(certificate) }, context);
  const found = await store.listCertificates(source, context);
  return found.length === 0 ? 'No matching identities\n' : `Matching identities\n${found.map(describe).join('')}`;
}

function describe({ certificate, uri }: ListedCertificate, index: number): string {
  const lines = [
    `${index + 1}) Hex Fingerprint: ${createHash('sha1').update(certificate.der).digest('hex')}`,
    `Subject: ${distinguishedName(certificate.subject)}`,
    `Issuer: ${distinguishedName(certificate.issuer)}`,
    `Serial Number: ${certificate.serialNumber.toString(16).toUpperCase()}`,
    `URI: ${uri}`,
  ];
  return `${lines.join('\n')}\n\n`;
}
