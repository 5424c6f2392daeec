import { RolesAnywhereError } from '../../core/errors.ts';
import type { ReportedCertificate } from '../reported-certificate.ts';

/** What an audit report of AWS Private CA says of a certificate (Private CA user guide, "Use audit reports"). */
export interface AuditRow {
  readonly certificateArn: string;
  /** Hex pairs with colons between them. */
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
    certificateArn: text('certificateArn'),
    serial: text('serial'),
    subject: text('subject'),
    notBefore: readDate(text('notBefore'), 'notBefore'),
    notAfter: readDate(text('notAfter'), 'notAfter'),
    issuedAt: readDate(text('issuedAt'), 'issuedAt'),
    templateArn: text('templateArn'),
    isRevoked: (cells('revokedAt') ?? '') !== '',
    renewedByAcm: cells('requestedByServicePrincipal') === 'acm.amazonaws.com',
  };
}

const datePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-]\d\d):?(\d\d))$/;

/** `2020-03-02T21:43:57+0000`: an offset without a colon is none of ISO 8601 as JavaScript reads it. */
function readDate(text: string, column: string): Date {
  const [, time, hours = '+00', minutes = '00'] = datePattern.exec(text) ?? [];
  const [date, local] = [new Date(`${time}${hours}:${minutes}`), new Date(`${time}Z`)];
  const isTime = time !== undefined && !Number.isNaN(date.getTime());
  // JavaScript takes the 31st of April for the 1st of May.
  if (isTime && local.toISOString().startsWith(time)) return date;
  throw new RolesAnywhereError('FILE_FAILED', `${column} is no time: ${JSON.stringify(text.slice(0, 64))}`);
}

/** `arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/ID/certificate/ID` */
export function authorityOf({ certificateArn }: Pick<AuditRow, 'certificateArn'>): string {
  return certificateArn.replace(/\/certificate\/[^/]*$/, '');
}

const day = 86_400_000;

/** The row as all reports have certificates. */
export function reportOfRow(row: AuditRow, place: string, now: Date): ReportedCertificate {
  const { certificateArn, subject, notBefore, notAfter, templateArn, renewedByAcm } = row;
  const serialNumberHex = row.serial.replaceAll(':', '').toLowerCase();
  const isHex = /^(?:[0-9a-f]{2})+$/.test(serialNumberHex);
  return {
    ...{ id: certificateArn, kind: 'leaf', subject, issuer: undefined, key: undefined },
    serialNumber: isHex ? BigInt(`0x${serialNumberHex}`).toString() : row.serial,
    serialNumberHex: isHex ? serialNumberHex : '',
    ...{ notBefore, notAfter },
    daysLeft: Math.floor((notAfter.getTime() - now.getTime()) / day),
    objections: now > notAfter ? [`it expired at ${notAfter.toISOString()}`] : [],
    places: [place],
    issued: { authorityArn: authorityOf(row), templateArn, renewedByAcm },
  };
}
