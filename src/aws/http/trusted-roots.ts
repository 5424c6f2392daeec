import { RolesAnywhereError } from '../../core/errors.ts';
import { isCertificate } from '../../runtime/node/certificate.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import { readPemCertificates } from './read-certificates.ts';
import type { TransportOptions } from './transport.ts';

type Trusted = TransportOptions['ca'];

/**
 * What to trust at the first try: a CA bundle alone; or Node's own roots, and with them those of SSL_CERT_FILE and
 * SSL_CERT_DIR. Undefined: Node's own and no other, which cost nothing.
 *
 * @param warn told of a place that holds no certificate; the connection is tried without it
 * @throws RolesAnywhereError FILE_FAILED for the CA bundle
 */
export async function firstRoots(
  { caBundle, roots }: NetworkOptions,
  warn?: (message: string) => void,
): Promise<Trusted> {
  if (caBundle !== undefined) return readCaBundle(caBundle);
  const pem = await (await import('./environment-roots.ts')).rootsBesideOwn(roots, warn);
  return pem && { pem };
}

/**
 * What to trust when that was not enough, read afresh: the system's store besides, but for those parts of it that
 * SSL_CERT_FILE and SSL_CERT_DIR stand for. A CA bundle stands alone still.
 */
export async function allRoots({ caBundle, roots }: NetworkOptions): Promise<Trusted> {
  if (caBundle !== undefined) return readCaBundle(caBundle);
  return { pem: await (await import('./environment-roots.ts')).everyRoot(roots) };
}

/**
 * The certificates that replace the default roots.
 *
 * @throws RolesAnywhereError FILE_FAILED
 */
export async function readCaBundle(bundle: NonNullable<NetworkOptions['caBundle']>): Promise<Trusted> {
  const pem = await readBundle(bundle);
  // OpenSSL drops in silence what it cannot read, and would then trust nothing.
  if (pem.some(isCertificate)) return { pem, bundle };
  const { bundleName } = await import('./network-error.ts');
  throw new RolesAnywhereError('FILE_FAILED', `${bundleName(bundle)} holds no certificate in PEM`, {
    hints: ['a CA bundle is one or more blocks that begin with -----BEGIN CERTIFICATE-----'],
  });
}

async function readBundle(bundle: NonNullable<NetworkOptions['caBundle']>): Promise<readonly string[]> {
  try {
    return await readPemCertificates(bundle.path);
  } catch (cause) {
    const { bundleName } = await import('./network-error.ts');
    const { readReason } = await import('../../core/fs/read-reason.ts');
    const message = `${bundleName(bundle)} cannot be read: ${readReason(cause)}`;
    throw new RolesAnywhereError('FILE_FAILED', message, { cause });
  }
}
