import { RolesAnywhereError } from '../core/errors.ts';
import { readCertificateSource } from '../options/resolve/read-sources.ts';
import type { KeySource } from '../identity/identity.ts';

/** Where certificates are to be looked for. */
export type CertificatePlace =
  /** A file, a folder, a token, a store: whatever `--certificate` takes. */
  | { readonly kind: 'source'; readonly source: KeySource }
  /** The stores that this system has for certificates with keys. */
  | { readonly kind: 'system-stores' }
  /** What a server shows in the TLS handshake. */
  | { readonly kind: 'server'; readonly url: URL };

/**
 * Reads one word of the command line.
 * @throws RolesAnywhereError OPTION_*, PKCS11_*
 */
export function parsePlace(text: string): CertificatePlace {
  if (text === 'store') return { kind: 'system-stores' };
  if (/^https:/i.test(text)) return { kind: 'server', url: serverUrl(text) };
  return { kind: 'source', source: readCertificateSource(text, text) };
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.hostname !== '' && url.username + url.password === '') return url;
  throw new RolesAnywhereError('OPTION_INVALID', 'the URL of the server cannot be read', {
    hints: ['write https://host or https://host:8443'],
  });
}
