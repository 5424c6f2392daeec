import { RolesAnywhereError } from '../../../errors.ts';
import { nameOfToken } from './find-token.ts';
import { formatPkcs11Uri, type Pkcs11Uri } from './pkcs11-uri.ts';
import { type CertificateReader, findCertificates } from './token-certificates.ts';
import { findKeys, type FoundKeys } from './token-objects.ts';

/** A token may hold hundreds of objects. */
const maxListed = 8;

/** What to say when no private key matches: the keys that are there. */
export function keyNotFound(
  option: string,
  { session, token }: CertificateReader,
  { unusable }: FoundKeys,
): RolesAnywhereError {
  const where = nameOfToken(token.info);
  if (unusable.length > 0) {
    return new RolesAnywhereError(
      'KEY_UNSUPPORTED',
      `${option}: the private key on ${where} cannot be used: ${unusable[0]}`,
      {
        hints: ['use RSA, or EC on P-256, P-384 or P-521'],
      },
    );
  }
  const { keys } = findKeys(session, token, {});
  return new RolesAnywhereError('PKCS11_NOT_FOUND', `${option}: no private key on ${where} matches the PKCS#11 URI`, {
    hints: listing(
      'no private key that can be used',
      keys.map(({ uri }) => uri),
    ),
  });
}

/** What to say when no certificate matches: the certificates that are there. */
export function certificateNotFound(option: string, reader: CertificateReader): RolesAnywhereError {
  const where = nameOfToken(reader.token.info);
  const certificates = findCertificates(reader, {});
  return new RolesAnywhereError('PKCS11_NOT_FOUND', `${option}: no certificate on ${where} matches the PKCS#11 URI`, {
    hints: [
      ...listing(
        'no certificate',
        certificates.map(({ uri }) => uri),
      ),
      'a certificate in a file can be used with a key on a token: --certificate leaf.pem',
    ],
  });
}

function listing(nothing: string, uris: readonly Pkcs11Uri[]): readonly string[] {
  if (uris.length === 0) return [`the token holds ${nothing}`];
  const more = uris.length > maxListed ? [`and ${uris.length - maxListed} more`] : [];
  return [...uris.slice(0, maxListed).map((uri) => `there is ${formatPkcs11Uri(uri)}`), ...more];
}
