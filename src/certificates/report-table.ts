import { oneLine } from '../core/one-line.ts';
import type { ReportedCertificate } from './reported-certificate.ts';

const headings = ['KIND', 'DAYS', 'EXPIRES', 'KEY', 'SUBJECT'];

/** What is longer is cut: names are written by whoever asked for the certificate. */
const longest = 300;

/**
 * For people: a line for each certificate, and indented below it its serial number, its places and the objections. What CAs
 * have issued by their audit reports is grouped by CA and template.
 */
export function reportTable(certificates: readonly ReportedCertificate[]): string {
  const groups = new Map<string, ReportedCertificate[]>();
  for (const certificate of certificates) {
    const group = headingOf(certificate);
    const others = groups.get(group);
    if (others === undefined) groups.set(group, [certificate]);
    else others.push(certificate);
  }
  return [...groups].map(([heading, members]) => `${heading}${tableOf(members)}`).join('\n');
}

function headingOf({ issued }: ReportedCertificate): string {
  if (issued === undefined) return '';
  const template = issued.templateArn.replace(/^.*:template\//, '');
  return `${clean(issued.authorityArn)}, template ${clean(template)}\n`;
}

function tableOf(certificates: readonly ReportedCertificate[]): string {
  const rows = certificates.map(cellsOf);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const blocks = certificates.map((certificate, index) => [line(rows[index] ?? []), ...detailsOf(certificate)]);
  return `${[line(headings), ...blocks.flat()].join('\n')}\n`;
}

function cellsOf({ kind, daysLeft, notAfter, key, subject, issued }: ReportedCertificate): readonly string[] {
  const what = issued === undefined ? kind : 'issued';
  // A key that is not taken is explained among the objections.
  const short = key === undefined || key.includes(' ') ? '-' : key;
  return [what, String(daysLeft), notAfter.toISOString().slice(0, 10), short, clean(subject) || '-'];
}

function detailsOf({ serialNumber, serialNumberHex, places, objections, issued }: ReportedCertificate): string[] {
  return [
    `  serial ${clean(serialNumber)} (0x${clean(serialNumberHex)})`,
    ...places.map((place) => `  ${clean(place)}`),
    ...(issued?.renewedByAcm === true ? ['  ACM renews it'] : []),
    ...objections.map((objection) => `  ! ${clean(objection)}`),
  ];
}

function clean(text: string): string {
  return oneLine(text, longest);
}
