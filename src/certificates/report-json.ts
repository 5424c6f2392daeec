import type { ReportedCertificate } from './reported-certificate.ts';

/** What programs read: times as ISO 8601, serial numbers as text. */
export function jsonOf(certificate: ReportedCertificate): object {
  const { id, kind, subject, issuer, serialNumber, serialNumberHex, key, notBefore, notAfter } = certificate;
  const { daysLeft, objections, places, issued } = certificate;
  return {
    ...{ id, kind, subject, issuer, serialNumber, serialNumberHex, key },
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    ...{ daysLeft, objections, places },
    ...issued,
  };
}
