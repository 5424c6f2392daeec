import type { IdentityContext } from '../../identity.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { explaining } from './explain-failure.ts';
import { findPublicCertificates } from './find-candidates.ts';
import { findTokens, type FoundToken } from './find-token.ts';
import { openModule } from './open-module.ts';
import { Pin } from './pin.ts';
import type { Pkcs11Options, Pkcs11Source } from './pkcs11-options.ts';
import { formatPkcs11Uri } from './pkcs11-uri.ts';
import { filterOf, findCertificates, type TokenCertificate } from './token-certificates.ts';

export interface ListedCertificate {
  readonly certificate: Certificate;
  /** Names token and object, without the PIN. */
  readonly uri: string;
}

/**
 * The certificates that a URI matches, on all tokens that it matches. A PIN is used only where it was given, and only
 * where one token matches and shows nothing without it. Nobody is asked.
 *
 * @throws RolesAnywhereError PKCS11_*, PIN_*, OPTION_CONFLICT, PASSWORD_UNREADABLE
 */
export async function listPkcs11Certificates(
  source: Pkcs11Source,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<readonly ListedCertificate[]> {
  const module = await openModule([source], options);
  try {
    return await explaining(
      () => `${source.option}: listing the certificates`,
      async () => {
        const tokens = findTokens(module, source);
        const found = findPublicCertificates(tokens, source.uri, context.warn);
        const all = found.length > 0 ? found : await findHidden(tokens, source, options, context);
        return all.map(({ certificate, uri }) => ({ certificate, uri: formatPkcs11Uri(uri) }));
      },
    );
  } finally {
    module.release();
  }
}

/** Certificates with CKA_PRIVATE show only after the login. */
async function findHidden(
  tokens: readonly FoundToken[],
  { uri }: Pkcs11Source,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<readonly TokenCertificate[]> {
  const [token, ...others] = tokens;
  const pinSource = uri.pin ?? options.pin;
  if (token === undefined || others.length > 0 || pinSource === undefined) return [];
  const session = token.slot.open();
  try {
    await new Pin({ source: pinSource, reuse: false, context }).logIn(session, token);
    return findCertificates({ session, token, warn: context.warn }, filterOf(uri));
  } finally {
    session.close();
  }
}
