import { RolesAnywhereError } from '../core/errors.ts';
import type { JudgedCertificate } from '../trust/x509/certificate.ts';
import { describeCertificate } from '../trust/x509/describe-certificate.ts';
import { decodeCertificate } from '../trust/x509/read-certificate.ts';
import type { FoundCertificate } from './find-certificates.ts';
import type { ReportedCertificate, UnreadPlace } from './reported-certificate.ts';

/** A certificate of this machine, with all that it says. */
export interface JudgedReport extends ReportedCertificate {
  readonly certificate: JudgedCertificate;
}

export interface Reported {
  readonly certificates: readonly JudgedReport[];
  readonly unread: readonly UnreadPlace[];
}

/** Sums up what was found, each certificate once, wherever else it is; in the order in which they were found. */
export function reportCertificates(found: readonly FoundCertificate[], now: Date): Reported {
  const certificates = new Map<string, JudgedReport>();
  const unread: UnreadPlace[] = [];
  for (const { place, der } of found) {
    try {
      const report = reportOf(decodeCertificate(der), now);
      const places = [...new Set([...(certificates.get(report.id)?.places ?? []), place])];
      certificates.set(report.id, { ...report, places });
    } catch (error) {
      // The judge reads more strictly than the client does.
      if (!(error instanceof RolesAnywhereError)) throw error;
      unread.push({ place, error });
    }
  }
  return { certificates: [...certificates.values()], unread };
}

function reportOf(certificate: JudgedCertificate, now: Date): Omit<JudgedReport, 'places'> {
  const { fingerprint, ...summary } = describeCertificate(certificate, now);
  return { ...summary, id: fingerprint, certificate };
}
