import type { IdentityContext, KeySource, Pkcs11Settings } from './identity.ts';
import type { Certificate } from './x509/certificate.ts';

/** Where certificates are to be looked for. */
export interface TokenCertificates {
  readonly certificate: KeySource & { readonly kind: 'pkcs11' };
  readonly pkcs11?: Pkcs11Settings;
}

/** A certificate on a token. */
export interface ListedCertificate {
  readonly certificate: Certificate;
  /** PKCS#11 URI of token and object, without the PIN. */
  readonly uri: string;
}

/**
 * Every certificate that a PKCS#11 URI matches, on all tokens that it matches. Nobody is asked for a PIN.
 *
 * @throws RolesAnywhereError PKCS11_*, PIN_*, OPTION_INVALID, PASSWORD_UNREADABLE
 */
export async function listCertificates(
  source: TokenCertificates,
  context: IdentityContext,
): Promise<readonly ListedCertificate[]> {
  const { listTokenCertificates } = await import('./backends/pkcs11/open-from-source.ts');
  return listTokenCertificates(source, context);
}
