import type { ReportedCertificate } from './reported-certificate.ts';

type Column = readonly [name: string, read: (certificate: ReportedCertificate) => string];

const columns: readonly Column[] = [
  ['kind', ({ kind, issued }) => (issued === undefined ? kind : 'issued')],
  ['subject', ({ subject }) => text(subject)],
  ['issuer', ({ issuer }) => text(issuer ?? '')],
  ['serial', ({ serialNumber }) => text(serialNumber)],
  ['serial_hex', ({ serialNumberHex }) => text(serialNumberHex)],
  ['key', ({ key }) => text(key ?? '')],
  ['not_before', ({ notBefore }) => notBefore.toISOString()],
  ['not_after', ({ notAfter }) => notAfter.toISOString()],
  ['days_left', ({ daysLeft }) => String(daysLeft)],
  ['id', ({ id }) => text(id)],
  ['places', ({ places }) => text(places.join('; '))],
  ['objections', ({ objections }) => text(objections.join('; '))],
  ['authority_arn', ({ issued }) => text(issued?.authorityArn ?? '')],
  ['template_arn', ({ issued }) => text(issued?.templateArn ?? '')],
];

/** CSV (RFC 4180), with a line of names. */
export function reportCsv(certificates: readonly ReportedCertificate[]): string {
  const lines = certificates.map((certificate) => columns.map(([, read]) => quoted(read(certificate))));
  return [columns.map(([name]) => name), ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

/** A spreadsheet takes such a cell for a formula, and whoever asked for the certificate wrote it. A number is none. */
function text(value: string): string {
  const shown = withoutControls(value);
  return /^(?!-\d+$)[=+\-@]/.test(shown) ? `'${shown}` : shown;
}

/** They drive a terminal, and RFC 4180 has no place for them within a cell. */
function withoutControls(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
