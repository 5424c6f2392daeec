import { certificateView } from '../../../certificates/certificate-view.ts';
import { certificatesAt, type FoundCertificate } from '../../../certificates/find-certificates.ts';
import { type CertificatePlace, parsePlace } from '../../../certificates/places.ts';
import { type JudgedReport, reportCertificates } from '../../../certificates/report-certificates.ts';
import { expiringWithin, type UnreadPlace } from '../../../certificates/reported-certificate.ts';
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

/** Prints what there is, and warns of what could not be read. @returns 1 where something expires within `--within` */
export async function runCertificates(values: OptionValues, terminal: Terminal): Promise<number | void> {
  const form = formOf(values);
  const within = values.isGiven('within')
    ? parseWithin(values.text('within') ?? '', values.origin('within'))
    : undefined;
  const { certificates, unread } = await gather(values, terminal);
  await terminal.stdout(textOf(form, certificates, unread));
  const failed = unread.find(({ isNamed }) => isNamed);
  for (const one of unread) if (one !== failed) terminal.warn(`not listed: ${describeError(one.error).message}`);
  if (failed !== undefined) throw failed.error;
  if (within === undefined) return undefined;
  return expiringWithin(certificates, within, terminal.now()).length === 0 ? 0 : 1;
}

const forms = ['json', 'csv', 'prometheus', 'details'] as const;
type Form = (typeof forms)[number] | 'table';

function formOf(values: OptionValues): Form {
  const given = forms.filter((form) => values.isOn(form));
  if (given.length > 1) {
    throw new RolesAnywhereError(
      'OPTION_CONFLICT',
      `${given.map((form) => `--${form}`).join(' and ')} exclude each other`,
    );
  }
  return given[0] ?? 'table';
}

function textOf(form: Form, certificates: readonly JudgedReport[], unread: readonly UnreadPlace[]): string {
  const writers: Readonly<Record<Form, () => string>> = {
    table: () => reportTable(certificates),
    details: () => certificates.map(certificateView).join('\n'),
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
  readonly certificates: readonly JudgedReport[];
  readonly unread: readonly Unread[];
}

/** One place that cannot be read does not hide the others. */
async function gather(values: OptionValues, terminal: Terminal): Promise<Gathered> {
  const { given, settings } = resolveCertificates(values);
  const places: readonly CertificatePlace[] =
    values.words.length > 0 ? values.words.map(parsePlace) : given.map((source) => ({ kind: 'source', source }));
  const context = identityContext(terminal);
  const found: FoundCertificate[] = [];
  const unread: Unread[] = [];
  for (const [index, place] of places.entries()) {
    try {
      const inPlace = await certificatesAt(place, settings, context);
      found.push(...inPlace.found);
      unread.push(...inPlace.unread);
    } catch (error) {
      unread.push({ place: values.words[index] ?? '', error, isNamed: true });
    }
  }
  const reported = reportCertificates(found, terminal.now());
  return { certificates: reported.certificates, unread: [...unread, ...reported.unread] };
}
