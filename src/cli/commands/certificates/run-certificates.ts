import { auditObjects } from '../../../certificates/audit/audit-objects.ts';
import { reportOfRow } from '../../../certificates/audit/audit-row.ts';
import { AuditSummary } from '../../../certificates/audit/audit-summary.ts';
import { type AuditBytes, auditFile, readAuditReport } from '../../../certificates/audit/read-audit-report.ts';
import { certificateView } from '../../../certificates/certificate-view.ts';
import { certificatesAt, type FoundCertificate } from '../../../certificates/find-certificates.ts';
import { type AuditPlace, type CertificatePlace, parsePlace } from '../../../certificates/places.ts';
import { type JudgedReport, reportCertificates } from '../../../certificates/report-certificates.ts';
import {
  expiringWithin,
  type ReportedCertificate,
  type UnreadPlace,
} from '../../../certificates/reported-certificate.ts';
import { reportCsv } from '../../../certificates/report-csv.ts';
import { jsonOf } from '../../../certificates/report-json.ts';
import { reportPrometheus } from '../../../certificates/report-prometheus.ts';
import { reportTable } from '../../../certificates/report-table.ts';
import { parseWithin } from '../../../certificates/within.ts';
import { describeError } from '../../../core/describe-error.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { resolveCertificates } from '../../../options/resolve/resolve-inspect.ts';
import type { Terminal } from '../../command.ts';
import { identityContext } from '../../contexts.ts';
import { printable } from '../../terminal/printable.ts';
import { notifyTargets, targetsOf } from './run-notify.ts';

/** Of audit reports, whose certificates are too many to be listed, unless `--within` says otherwise. */
const usualWithin = '30d';

/** Prints what there is, and warns of what could not be read. @returns 1 where something expires within `--within` */
export async function runCertificates(values: OptionValues, terminal: Terminal): Promise<number | void> {
  const form = formOf(values);
  const within = parseWithin(values.text('within') ?? usualWithin, values.origin('within'));
  const targets = targetsOf(values);
  const { certificates, unread } = await gather(values, within, terminal);
  await terminal.stdout(textOf(form, certificates, unread));
  if (targets.length > 0) await notifyTargets(targets, certificates, { values, within, terminal });
  const failed = unread.find(({ isNamed }) => isNamed);
  for (const one of unread) if (one !== failed) terminal.warn(`not listed: ${describeError(one.error).message}`);
  if (failed !== undefined) throw failed.error;
  if (!values.isGiven('within')) return undefined;
  return expiringWithin(certificates, within, terminal.now()).length === 0 ? 0 : 1;
}

const forms = ['json', 'csv', 'prometheus', 'details'] as const;
type Form = (typeof forms)[number] | 'table';

function formOf(values: OptionValues): Form {
  const given = forms.filter((form) => values.isOn(form));
  if (given.length > 1) {
    const flags = given.map((form) => `--${form}`).join(' and ');
    throw new RolesAnywhereError('OPTION_CONFLICT', `${flags} exclude each other`);
  }
  return given[0] ?? 'table';
}

type Listed = JudgedReport | ReportedCertificate;

function textOf(form: Form, certificates: readonly Listed[], unread: readonly UnreadPlace[]): string {
  const writers: Readonly<Record<Form, () => string>> = {
    table: () => reportTable(certificates),
    // Of what an audit report lists there is no certificate to show.
    details: () =>
      certificates.map((one) => ('certificate' in one ? certificateView(one) : reportTable([one]))).join('\n'),
    json: () => `${JSON.stringify(certificates.map(jsonOf), undefined, 2)}\n`,
    csv: () => reportCsv(certificates),
    prometheus: () => reportPrometheus(certificates, unread.length),
  };
  return writers[form]();
}

interface Unread extends UnreadPlace {
  /** The user named it, and did not only name a folder that it is in. */
  readonly isNamed?: true;
}

interface Gathered {
  readonly certificates: readonly Listed[];
  readonly unread: readonly Unread[];
}

/** One place that cannot be read does not hide the others. */
async function gather(values: OptionValues, within: number, terminal: Terminal): Promise<Gathered> {
  const { given, settings } = resolveCertificates(values);
  const places: readonly CertificatePlace[] =
    values.words.length > 0 ? values.words.map(parsePlace) : given.map((source) => ({ kind: 'source', source }));
  const context = identityContext(terminal);
  const found: FoundCertificate[] = [];
  const audited: ReportedCertificate[] = [];
  const unread: Unread[] = [];
  for (const [index, place] of places.entries()) {
    try {
      if (isAudit(place)) {
        audited.push(...(await audit(place, { values, within, terminal })));
      } else {
        const inPlace = await certificatesAt(place, settings, context);
        found.push(...inPlace.found);
        unread.push(...inPlace.unread);
      }
    } catch (error) {
      unread.push({ place: values.words[index] ?? '', error, isNamed: true });
    }
  }
  const reported = reportCertificates(found, terminal.now());
  return { certificates: [...reported.certificates, ...audited], unread: [...unread, ...reported.unread] };
}

function isAudit(place: CertificatePlace): place is AuditPlace {
  return place.kind === 'audit-file' || place.kind === 'audit-object';
}

interface Audit {
  readonly values: OptionValues;
  readonly within: number;
  readonly terminal: Terminal;
}

async function audit(place: AuditPlace, given: Audit): Promise<readonly ReportedCertificate[]> {
  const reports = place.kind === 'audit-file' ? [auditFile(place.path)] : await objectsOf(place, given);
  const found: ReportedCertificate[] = [];
  for (const report of reports) found.push(...(await summaryOf(report, given)));
  return found;
}

async function objectsOf(
  { bucket, key }: AuditPlace & { readonly kind: 'audit-object' },
  { values, terminal }: Audit,
): Promise<readonly AuditBytes[]> {
  const { openAccess } = await import('./service-caller.ts');
  return auditObjects(bucket, key, await openAccess(values, terminal));
}

/** How many were left out is told beside the data. */
async function summaryOf(report: AuditBytes, { within, terminal }: Audit): Promise<readonly ReportedCertificate[]> {
  const now = terminal.now();
  const summary = new AuditSummary(now, within);
  const count = await readAuditReport(report, summary);
  const { rows, leftOut } = summary.result();
  const { revoked, renewed, expired, later } = leftOut;
  terminal.log(
    `roles-anywhere: ${printable(report.name)} has ${count} certificates; left out: ${revoked} revoked, ${renewed} renewed since, ` +
      `${expired} expired longer ago, ${later} that expire later`,
  );
  return rows.map((row) => reportOfRow(row, report.name, now));
}
