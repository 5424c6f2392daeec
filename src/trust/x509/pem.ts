import { RolesAnywhereError } from '../../core/errors.ts';

/**
 * The bytes of what stands between the lines of a PEM block (RFC 7468).
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function decodeBlock(base64: string): Buffer {
  const text = base64.replaceAll(/\s/g, '');
  const bytes = Buffer.from(text, 'base64');
  // Buffer reads what it can.
  if (bytes.toString('base64') === text) return bytes;
  throw new RolesAnywhereError('CERTIFICATE_INVALID', 'the PEM cannot be read');
}
