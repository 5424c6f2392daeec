import type { IdentityContext, SigningIdentity } from '../../identity.ts';
import { naming } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { chainOf, findIssuers } from '../../x509/chain.ts';
import { checkLeaf } from '../../x509/check-leaf.ts';
import { openPair, type PairedCertificate } from './open-pair.ts';
import type { FileCertificates, Pkcs11Options, Pkcs11Source } from './pkcs11-options.ts';

/** A key on a token; its certificate there too, or from a file. */
export type Pkcs11IdentitySource = (
  | { readonly certificate: Pkcs11Source; readonly privateKey?: Pkcs11Source }
  | { readonly certificate: FileCertificates; readonly privateKey: Pkcs11Source }
) & {
  /** More certificates that the chain may be made of, besides those of the token or file. */
  readonly intermediates?: readonly Certificate[];
};

/**
 * Opens an identity whose key stays on its token. A session is held until `close`. The signer does not verify what the
 * token signs: wrap it with `verifiedSigner`.
 *
 * @throws RolesAnywhereError PKCS11_*, PIN_*, KEY_MISMATCH, KEY_UNSUPPORTED, CERTIFICATE_*, CHAIN_*, OPTION_INVALID,
 * OPTION_CONFLICT, PASSWORD_UNREADABLE
 */
export async function openPkcs11Identity(
  source: Pkcs11IdentitySource,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<SigningIdentity> {
  const { key, certificate } = await openPair({ source, options, context });
  try {
    if (certificate === undefined) throw new TypeError('a pair with a certificate was opened without one');
    const chain = await judge(certificate, source.intermediates ?? [], context);
    return { certificate: certificate.certificate, chain, signer: key, close: () => key.close() };
  } catch (error) {
    await key.close();
    throw error;
  }
}

function judge(
  { certificate, place, possibleIssuers }: PairedCertificate,
  intermediates: readonly Certificate[],
  context: IdentityContext,
): Promise<readonly Certificate[]> {
  return naming(place, 'CERTIFICATE_INVALID', async () => {
    await checkLeaf(certificate, context.now());
    return chainOf(await findIssuers(certificate, [...possibleIssuers, ...intermediates]));
  });
}
