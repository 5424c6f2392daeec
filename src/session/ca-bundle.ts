import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { RolesAnywhereError } from '../errors.ts';
import type { NetworkOptions } from './session-request.ts';
import type { TransportOptions } from './transport.ts';

/**
 * The certificates that replace the default roots.
 *
 * @throws RolesAnywhereError FILE_FAILED
 */
export function readCaBundle(bundle: NonNullable<NetworkOptions['caBundle']>): NonNullable<TransportOptions['ca']> {
  const origin = `${bundle.option} (${bundle.path})`;
  const pem = readBundle(bundle.path, origin);
  checkFirst(pem, origin);
  return { pem, origin };
}

/**
 * OpenSSL drops in silence what it cannot read of a bundle, and would then trust nothing. The first certificate stands
 * for all: the bundle of a system has 150 of them.
 */
function checkFirst(pem: string, origin: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new RolesAnywhereError('FILE_FAILED', `${origin} holds no certificate in PEM`, {
      cause,
      hints: ['a CA bundle is one or more blocks that begin with -----BEGIN CERTIFICATE-----'],
    });
  }
}

function readBundle(path: string, origin: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RolesAnywhereError('FILE_FAILED', `${origin} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** The system's own code where it gives one. */
function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
