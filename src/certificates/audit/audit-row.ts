import { RolesAnywhereError } from '../../core/errors.ts';
import { oneLine } from '../../core/one-line.ts';
import type { ReportedCertificate } from '../reported-certificate.ts';

/** What an audit report of AWS Private CA says of a certificate (Private CA user guide, "Use audit reports"). */
export interface AuditRow {
  readonly certificateArn: string;
  /** Hexadecimal digits, with colons between pairs of them. */
  readonly serial: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly issuedAt: Date;
  readonly templateArn: string;
  /** That it has a reason says nothing: rows that are not revoked have one, too. */
  readonly isRevoked: boolean;
  readonly renewedByAcm: boolean;
}

const needed = ['certificateArn', 'serial', 'subject', 'notBefore', 'notAfter', 'issuedAt', 'templateArn'] as const;

/** A cell by the name of its column; undefined for one that is not there. */
export type Cells = (column: string) => string | undefined;

/**
 * Reads a row.
 * @throws RolesAnywhereError FILE_FAILED
 */
export function readAuditRow(cells: Cells): AuditRow {
  const missing = needed.find((column) => cells(column) === undefined);
  if (missing !== undefined) throw new RolesAnywhereError('FILE_FAILED', `a row has no ${missing}`);
  const text = (column: (typeof needed)[number]): string => cells(column) ?? '';
  return {
    certificateArn: matching(text('certificateArn'), 'certificateArn'),
    serial: matching(text('serial'), 'serial'),
    subject: text('subject'),
    notBefore: readDate(text('notBefore'), 'notBefore'),
    notAfter: readDate(text('notAfter'), 'notAfter'),
    issuedAt: readDate(text('issuedAt'), 'issuedAt'),
    templateArn: matching(text('templateArn'), 'templateArn'),
    isRevoked: (cells('revokedAt') ?? '') !== '',
    renewedByAcm: cells('requestedByServicePrincipal') === 'acm.amazonaws.com',
  };
}

/** These cells are shown, sent and compared as they are. */
const shapes = {
  certificateArn:
    /^arn:[\w-]{1,32}:acm-pca:[\w-]{1,32}:\d{12}:certificate-authority\/[\w-]{1,64}\/certificate\/[\w-]{1,64}$/,
  serial: /^(?=.{1,128}$)[\da-f]{1,2}(?::?[\da-f]{2})*$/i,
  templateArn: /^(?:arn:[!-~]{1,250})?$/,
};

function matching(text: string, column: keyof typeof shapes): string {
  if (shapes[column].test(text)) return text;
  const what = column === 'serial' ? 'serial number' : 'ARN';
  throw new RolesAnywhereError('FILE_FAILED', `${column} is no ${what}: ${quoted(text)}`);
}

function quoted(text: string): string {
  return JSON.stringify(oneLine(text, 64));
}

const datePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-]\d\d):?(\d\d))$/;

/** `2020-03-02T21:43:57+0000`: an offset without a colon is none of ISO 8601 as JavaScript reads it. */
function readDate(text: string, column: string): Date {
  const [, time, hours = '+00', minutes = '00'] = datePattern.exec(text) ?? [];
  const [date, local] = [new Date(`${time}${hours}:${minutes}`), new Date(`${time}Z`)];
  const isTime = time !== undefined && !Number.isNaN(date.getTime());
  // JavaScript takes the 31st of April for the 1st of May.
  if (isTime && local.toISOString().startsWith(time)) return date;
  throw new RolesAnywhereError('FILE_FAILED', `${column} is no time: ${quoted(text)}`);
}

/** `arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/ID/certificate/ID` */
export function authorityOf({ certificateArn }: Pick<AuditRow, 'certificateArn'>): string {
  return certificateArn.replace(/\/certificate\/[^/]*$/, '');
}

const day = 86_400_000;

/** The row as all reports have certificates. */
export function reportOfRow(row: AuditRow, place: string, now: Date): ReportedCertificate {
  const { certificateArn, subject, notBefore, notAfter, templateArn, renewedByAcm } = row;
  const digits = row.serial.replaceAll(':', '').toLowerCase();
  const serialNumberHex = digits.padStart(digits.length + (digits.length % 2), '0');
  return {
    ...{ id: certificateArn, kind: 'leaf', subject, issuer: undefined, key: undefined },
    ...{ serialNumber: BigInt(`0x${serialNumberHex}`).toString(), serialNumberHex },
    ...{ notBefore, notAfter },
    daysLeft: Math.floor((notAfter.getTime() - now.getTime()) / day),
    objections: now > notAfter ? [`it expired at ${notAfter.toISOString()}`] : [],
    places: [place],
    issued: { authorityArn: authorityOf(row), templateArn, renewedByAcm },
  };
}
