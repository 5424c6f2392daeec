import { createHash } from 'node:crypto';
import { oneLine } from '../core/one-line.ts';
import type { JudgedCertificate } from '../trust/x509/certificate.ts';
import { extensionTexts } from '../trust/x509/extension-texts.ts';
import { signatureName } from '../trust/x509/certificate-signature.ts';
import type { JudgedReport } from './report-certificates.ts';

type Line = readonly [label: string, texts: readonly string[]];

/** What is longer is cut: most of a certificate was written by somebody else. */
const longest = 400;

/** One certificate to read: a line for each field, what its extensions say, and what Roles Anywhere would object to. */
export function certificateView(report: JudgedReport): string {
  const { certificate } = report;
  const lines: readonly Line[] = [
    ['Subject', [report.subject || 'empty']],
    ['Issuer', [report.issuer ?? '']],
    ['Serial number', [report.serialNumber, pairs(report.serialNumberHex)]],
    ['Kind', [`${report.kind}, X.509 v${certificate.version}`]],
    ['Not before', [report.notBefore.toISOString()]],
    ['Not after', [`${report.notAfter.toISOString()} (${daysText(report.daysLeft)})`]],
    ['Key', [report.key ?? '']],
    ['Signed by', [signatureName(certificate.signatureAlgorithm)]],
    ...extensionTexts(certificate).map(({ name, critical, texts }): Line => [
      critical ? `${name} (critical)` : name,
      texts,
    ]),
    ['SHA-256', [report.id]],
    ['SHA-1', [sha1Of(certificate)]],
    ['Found at', report.places],
    ['Roles Anywhere', report.objections.length === 0 ? ['no objections'] : report.objections],
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map((line) => linesOf(line, width)).join('');
}

function linesOf([label, texts]: Line, width: number): string {
  return texts
    .map((text, index) => `${(index === 0 ? `${label}:` : '').padEnd(width + 2)} ${oneLine(text, longest)}\n`)
    .join('');
}

function daysText(days: number): string {
  if (days < 0) return 'expired';
  return days === 1 ? '1 day left' : `${days} days left`;
}

function pairs(hex: string): string {
  return (hex.match(/../g) ?? []).join(':');
}

/** Windows names certificates by it. */
function sha1Of({ der }: JudgedCertificate): string {
  return createHash('sha1').update(der).digest('hex');
}
