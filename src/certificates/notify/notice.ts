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
  /** How many are left to the next message. */
  readonly left: number;
}

/** What one message tells of. */
export interface NoticeBatch {
  readonly due: readonly DueCertificate[];
  /** How many are left to the next message. */
  readonly left: number;
}

/** Milliseconds after its end for which somebody is told of a certificate, and for which it is remembered that they were. */
const rememberedFor = 400 * 86_400_000;

/** Whether it still is anybody's to be told of: nobody knows any more who was told of what ended before. */
export function isRemembered(notAfter: Date, now: Date): boolean {
  return notAfter.getTime() > now.getTime() - rememberedFor;
}

/**
 * Those that passed a threshold: those of `expiryThresholds`, or `within` and what of these is shorter. ACM's own are left out,
 * and what ended too long ago. What can still be renewed comes first, the next one before all others; then what has ended last.
 *
 * @param within milliseconds
 */
export function dueCertificates(
  certificates: readonly ReportedCertificate[],
  within: number | undefined,
  now: Date,
): readonly DueCertificate[] {
  return certificates
    .filter(({ issued, notAfter }) => issued?.renewedByAcm !== true && isRemembered(notAfter, now))
    .flatMap((certificate) => {
      const own = expiryThresholds(certificate);
      const thresholds = within === undefined ? own : [within, ...own.filter((threshold) => threshold < within)];
      const threshold = passedThreshold(certificate, thresholds, now);
      return threshold === undefined ? [] : [{ certificate, threshold }];
    })
    .sort(byUrgency);
}

function byUrgency(one: DueCertificate, other: DueCertificate): number {
  const later = one.certificate.notAfter.getTime() - other.certificate.notAfter.getTime();
  if (hasEnded(one) !== hasEnded(other)) return hasEnded(one) ? 1 : -1;
  return hasEnded(one) ? -later : later;
}

const hasEnded = ({ threshold }: DueCertificate): boolean => threshold === 0;

/** Certificates of one message, however short they are. */
const mostNoticed = 200;

/**
 * Bytes of the certificates of one message, in the longer of its forms. SNS takes a message of 256 KiB (Publish), EventBridge
 * an entry of 256 KB (PutEvents); the 6 MB of a hundred findings (Security Hub, BatchImportFindings) are out of reach.
 */
const mostBytes = 240_000;

/** The first of them, as many as one message holds; one at least. */
export function nextBatch(untold: readonly DueCertificate[]): NoticeBatch {
  let [count, bytes] = [0, 0];
  for (const { certificate } of untold.slice(0, mostNoticed)) {
    bytes += bytesOf(noticed(certificate));
    if (bytes > mostBytes && count > 0) break;
    count += 1;
  }
  return { due: untold.slice(0, count), left: untold.length - count };
}

/** As text with its line break, and as JSON within JSON. */
function bytesOf(certificate: NoticedCertificate): number {
  const detail = JSON.stringify(JSON.stringify(certificate));
  return Math.max(Buffer.byteLength(textOf(certificate)) + 1, Buffer.byteLength(detail));
}

/** One message about certificates that expire, in their order. */
export function makeNotice({ due, left }: NoticeBatch): Notice {
  const certificates = due.map(({ certificate }) => noticed(certificate));
  const subject = subjectOf(due);
  const more = left === 0 ? [] : ['', `${left} more are left to the next message.`];
  return { subject, text: [`${subject}.`, '', ...certificates.map(textOf), ...more].join('\n'), certificates, left };
}

/** Those that have ended are counted apart where others have not. */
function subjectOf(due: readonly DueCertificate[]): string {
  const ended = due.filter(hasEnded).length;
  const count = ended === due.length ? ended : due.length - ended;
  const what = count === 1 ? '1 certificate expires' : `${count} certificates expire`;
  const [first] = due;
  const when = `${what}, the first ${first === undefined ? '' : whenText(first.certificate.daysLeft)}`;
  return ended === 0 || ended === due.length ? when : `${when}; ${ended} expired`;
}

/** `in 5 days`, `today`, `3 days ago` */
export function whenText(daysLeft: number): string {
  if (daysLeft < 0) return daysLeft === -1 ? 'a day ago' : `${-daysLeft} days ago`;
  if (daysLeft === 0) return 'within a day';
  return daysLeft === 1 ? 'in a day' : `in ${daysLeft} days`;
}

/** Digits. RFC 5280, section 4.1.2.2, has twenty octets. */
const longestSerial = 200;

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
    serialNumber: oneLine(serialNumber, longestSerial),
    serialNumberHex: oneLine(serialNumberHex, longestSerial),
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
