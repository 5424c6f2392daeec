import { createHash } from 'node:crypto';
import type { IdentityContext } from '../../identity/identity.ts';
import { listCertificates, type ListedCertificate, type TokenCertificates } from '../../identity/list-certificates.ts';
import { distinguishedName } from '../../identity/x509/distinguished-name.ts';

/**
 * Lists the certificates on tokens as the official helper's `read-certificate-data` does, URIs included.
 *
 * @throws RolesAnywhereError PKCS11_*, PIN_*, OPTION_INVALID, PASSWORD_UNREADABLE
 */
export async function certificateList(source: TokenCertificates, context: IdentityContext): Promise<string> {
  const found = await listCertificates(source, context);
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
