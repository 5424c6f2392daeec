import { RolesAnywhereError } from '../core/errors.ts';
import { Problem } from './problem.ts';
import type { Certificate } from './x509/certificate.ts';
import { parseX509 } from './x509/parse-certificate.ts';

/**
 * Reads a certificate for a SigningIdentity of your own.
 *
 * @param der one X.509 certificate in DER (RFC 5280, section 4.1); the fields are views into it
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { parseCertificate } from 'roles-anywhere';
 *
 * export const serialNumber: bigint = parseCertificate(readFileSync('leaf.der')).serialNumber;
 * ```
 */
export function parseCertificate(der: Uint8Array): Certificate {
  try {
    return parseX509(der);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new RolesAnywhereError('CERTIFICATE_INVALID', `the certificate given ${error.message}`, error.details);
  }
}
