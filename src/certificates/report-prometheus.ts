import type { ReportedCertificate } from './reported-certificate.ts';

interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: (certificate: ReportedCertificate) => number;
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/** Times, and no days left: a file that node_exporter reads stays right while it lies there. */
const gauges: readonly Gauge[] = [
  {
    name: 'roles_anywhere_certificate_not_after_timestamp_seconds',
    help: 'When the certificate expires, in seconds since 1970.',
    value: ({ notAfter }) => seconds(notAfter),
  },
  {
    name: 'roles_anywhere_certificate_not_before_timestamp_seconds',
    help: 'From when on the certificate is valid, in seconds since 1970.',
    value: ({ notBefore }) => seconds(notBefore),
  },
  {
    name: 'roles_anywhere_certificate_objections',
    help: 'Rules of Roles Anywhere that the certificate breaks.',
    value: ({ objections }) => objections.length,
  },
];

/** The text format of Prometheus, for the textfile collector of node_exporter. */
export function reportPrometheus(certificates: readonly ReportedCertificate[], unread: number): string {
  const failed = 'roles_anywhere_certificates_unreadable';
  return [
    ...gauges.map((gauge) => seriesOf(gauge, certificates)),
    `${headOf(failed, 'Places and files that could not be read.')}${failed} ${unread}\n`,
  ].join('');
}

function seriesOf({ name, help, value }: Gauge, certificates: readonly ReportedCertificate[]): string {
  const lines = certificates.map((certificate) => `${name}{${labelsOf(certificate)}} ${value(certificate)}\n`);
  return `${headOf(name, help)}${lines.join('')}`;
}

function headOf(name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
}

/** One place only: more of them would make another series of the same certificate. */
function labelsOf({ kind, subject, serialNumberHex, id, places }: ReportedCertificate): string {
  const labels = { kind, subject, serial: serialNumberHex, id, place: places[0] ?? '' };
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}
