import { oneLine } from '../../core/one-line.ts';
import { expiryThresholds, passedThreshold } from '../../core/expiry-thresholds.ts';
import type { ReportedCertificate } from '../reported-certificate.ts';

/** A certificate that somebody is to be told of. */
export interface DueCertificate {
  readonly certificate: ReportedCertificate;
  /** Milliseconds before its end; 0 where that has passed. */
  readonly threshold: number;
}

/** How a notice tells of a certificate, to programs. */
interface NoticedCertificate {
  readonly id: string;
  readonly subject: string;
  readonly serialNumber: string;
  readonly serialNumberHex: string;
  readonly notAfter: string;
  readonly daysLeft: number;
  readonly places: readonly string[];
  readonly authorityArn?: string | undefined;
  readonly templateArn?: string | undefined;
}

/** One message about all of them. */
export interface Notice {
  /** ASCII, at most 100 characters (SNS API reference, Publish, Subject). */
  readonly subject: string;
  readonly text: string;
  readonly certificates: readonly NoticedCertificate[];
}

/** Certificates in one message: with the bounds on texts it stays well below 256 KiB. What is more waits for the next one. */
export const mostNoticed = 200;

/**
 * Those that passed a threshold: those of `expiryThresholds`, or `within` and what of these is shorter. ACM's own are left out.
 *
 * @param within milliseconds
 */
export function dueCertificates(
  certificates: readonly ReportedCertificate[],
  within: number | undefined,
  now: Date,
): readonly DueCertificate[] {
  return certificates
    .filter(({ issued }) => issued?.renewedByAcm !== true)
    .flatMap((certificate) => {
      const own = expiryThresholds(certificate);
      const thresholds = within === undefined ? own : [within, ...own.filter((threshold) => threshold < within)];
      const threshold = passedThreshold(certificate, thresholds, now);
      return threshold === undefined ? [] : [{ certificate, threshold }];
    })
    .sort((one, other) => one.certificate.notAfter.getTime() - other.certificate.notAfter.getTime());
}

/** One message about certificates that expire, the next one first. */
export function makeNotice(due: readonly DueCertificate[]): Notice {
  const certificates = due.map(({ certificate }) => noticed(certificate));
  const [first] = certificates;
  const what = certificates.length === 1 ? '1 certificate expires' : `${certificates.length} certificates expire`;
  const subject = `${what}, the first ${first === undefined ? '' : whenText(first.daysLeft)}`;
  return { subject, text: [`${subject}.`, '', ...certificates.map(textOf)].join('\n'), certificates };
}

/** `in 5 days`, `today`, `3 days ago` */
export function whenText(daysLeft: number): string {
  if (daysLeft < 0) return daysLeft === -1 ? 'a day ago' : `${-daysLeft} days ago`;
  if (daysLeft === 0) return 'within a day';
  return daysLeft === 1 ? 'in a day' : `in ${daysLeft} days`;
}

function noticed({
  id,
  subject,
  serialNumber,
  serialNumberHex,
  notAfter,
  daysLeft,
  places,
  issued,
}: ReportedCertificate): NoticedCertificate {
  return {
    id,
    subject: oneLine(subject, 300),
    serialNumber,
    serialNumberHex,
    notAfter: notAfter.toISOString(),
    daysLeft,
    places: places.slice(0, 3).map((place) => oneLine(place, 200)),
    ...(issued === undefined ? {} : { authorityArn: issued.authorityArn, templateArn: issued.templateArn }),
  };
}

function textOf({ subject, serialNumber, serialNumberHex, notAfter, daysLeft, places }: NoticedCertificate): string {
  return [
    `${subject || 'a certificate without a subject'}: ${whenText(daysLeft)}, at ${notAfter}`,
    `  serial ${serialNumber} (0x${serialNumberHex})`,
    ...places.map((place) => `  ${place}`),
  ].join('\n');
}
