import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';

import { RolesAnywhereError } from '../../core/errors.ts';
import { readReason } from '../../core/fs/read-reason.ts';
import { readPemCertificates } from './read-certificates.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import type { TransportOptions } from './transport.ts';

/**
 * The certificates that replace the default roots.
 *
 * @throws RolesAnywhereError FILE_FAILED
 */
export async function readCaBundle({
  path,
  option,
}: NonNullable<NetworkOptions['caBundle']>): Promise<TransportOptions['ca']> {
  const origin = `${option} (${resolve(path)})`;
  const pem = await readBundle(path, origin);
  if (pem.some(isCertificate)) return { pem, origin };
  throw new RolesAnywhereError('FILE_FAILED', `${origin} holds no certificate in PEM`, {
    hints: ['a CA bundle is one or more blocks that begin with -----BEGIN CERTIFICATE-----'],
  });
}

/** Whether OpenSSL will take it: it drops in silence what it cannot read, and would then trust nothing. */
export function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

async function readBundle(path: string, origin: string): Promise<readonly string[]> {
  try {
    return await readPemCertificates(path);
  } catch (cause) {
    throw new RolesAnywhereError('FILE_FAILED', `${origin} cannot be read: ${readReason(cause)}`, { cause });
  }
}
