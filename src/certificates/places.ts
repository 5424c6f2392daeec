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
  | { readonly kind: 'server'; readonly url: URL }
  | AuditPlace;

/** Audit reports of AWS Private CA. */
export type AuditPlace =
  | { readonly kind: 'audit-file'; readonly path: string }
  /** One in S3, or the latest ones below a prefix. */
  | { readonly kind: 'audit-object'; readonly bucket: string; readonly key: string };

/**
 * Reads one word of the command line.
 * @throws RolesAnywhereError OPTION_*, PKCS11_*
 */
export function parsePlace(text: string): CertificatePlace {
  if (text === 'store') return { kind: 'system-stores' };
  if (/^https:/i.test(text)) return { kind: 'server', url: serverUrl(text) };
  if (/^s3:/i.test(text)) return s3Place(text);
  if (/\.(?:csv|json)$/i.test(text)) return { kind: 'audit-file', path: text };
  return { kind: 'source', source: readCertificateSource(text, text) };
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.hostname !== '' && url.username + url.password === '') return url;
  throw new RolesAnywhereError('OPTION_INVALID', 'the URL of the server cannot be read', {
    hints: ['write https://host or https://host:8443'],
  });
}

/** Names of buckets: Amazon S3 user guide, "General purpose bucket naming rules". */
function s3Place(text: string): AuditPlace {
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/i.exec(text) ?? [];
  if (bucket !== undefined) return { kind: 'audit-object', bucket, key };
  throw new RolesAnywhereError('OPTION_INVALID', `${JSON.stringify(text)} names no bucket`, {
    hints: ['write s3://bucket/audit-report/ for the latest reports, or the whole key of one'],
  });
}
