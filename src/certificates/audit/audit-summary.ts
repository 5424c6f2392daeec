import { RolesAnywhereError } from '../../core/errors.ts';
import { authorityOf, type AuditRow } from './audit-row.ts';

/** What is not listed of a report, and why. */
export interface LeftOut {
  revoked: number;
  /** There is one of the same CA, template and subject that expires later. */
  renewed: number;
  /** Longer ago than the time that is looked at. */
  expired: number;
  /** Expires after that time. */
  later: number;
}

/** The last certificate of a subject; its row where it expires in the time that is looked at. */
interface Latest {
  readonly notAfter: number;
  readonly row: AuditRow | undefined;
}

/** Certificates of different subjects: what is remembered of each takes some hundred bytes. */
const mostSubjects = 2_000_000;

/**
 * Reads rows one after another, in any order, and remembers of each subject the last certificate alone: whatever the number
 * of rows, the memory is that of the subjects.
 */
export class AuditSummary {
  readonly #from: number;
  readonly #to: number;
  readonly #latest = new Map<string, Latest>();
  readonly #leftOut: LeftOut = { revoked: 0, renewed: 0, expired: 0, later: 0 };

  /** @param within milliseconds that are looked at, from now on and back */
  constructor(now: Date, within: number) {
    this.#from = now.getTime() - within;
    this.#to = now.getTime() + within;
  }

  add(row: AuditRow): void {
    if (row.isRevoked) {
      this.#leftOut.revoked += 1;
      return;
    }
    const subject = `${authorityOf(row)} ${row.templateArn} ${row.subject}`;
    const before = this.#latest.get(subject);
    if (before !== undefined) this.#leftOut.renewed += 1;
    const notAfter = row.notAfter.getTime();
    if (before !== undefined && before.notAfter >= notAfter) return;
    const isNear = notAfter >= this.#from && notAfter <= this.#to;
    this.#latest.set(subject, { notAfter, row: isNear ? detached(row) : undefined });
    if (this.#latest.size <= mostSubjects) return;
    throw new RolesAnywhereError('FILE_FAILED', `the report has more than ${mostSubjects} subjects`);
  }

  /** Those that expire, by CA and template, the next one first; and how many there are besides. */
  result(): { readonly rows: readonly AuditRow[]; readonly leftOut: LeftOut } {
    const rows: AuditRow[] = [];
    const leftOut = { ...this.#leftOut };
    for (const { notAfter, row } of this.#latest.values()) {
      if (row !== undefined) rows.push(row);
      else if (notAfter < this.#from) leftOut.expired += 1;
      else leftOut.later += 1;
    }
    return { rows: rows.sort(byGroup), leftOut };
  }
}

/** A text that was cut out of a piece of the file keeps all of that piece in memory. */
function detached(row: AuditRow): AuditRow {
  const copy = (text: string): string => Buffer.from(text).toString();
  const { certificateArn, serial, subject, templateArn } = row;
  return {
    ...row,
    certificateArn: copy(certificateArn),
    serial: copy(serial),
    subject: copy(subject),
    templateArn: copy(templateArn),
  };
}

function byGroup(one: AuditRow, other: AuditRow): number {
  const [first, second] = [groupOf(one), groupOf(other)];
  if (first !== second) return first < second ? -1 : 1;
  return one.notAfter.getTime() - other.notAfter.getTime();
}

const groupOf = (row: AuditRow): string => `${authorityOf(row)} ${row.templateArn}`;
