import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RefusalName } from '../../core/refusal-name.ts';
import type { Answer } from './answer.ts';
import type { ServedRole } from './served-role.ts';

/** Counts for Prometheus. Labels are from closed sets, or from the options: no request makes a new one. */
export interface Metrics {
  readonly contentType: string;
  page(): Promise<string>;
  requested(answer: Answer): void;
  /** A connection that made room for another one, beyond the limit. */
  dropped(): void;
  refreshed(profile: string, code: string | undefined): void;
  /** By the names of docs/doctor.md: a closed set. */
  refused(profile: string, causeName: RefusalName): void;
  /** Seconds that an attempt at CreateSession took. */
  answered(seconds: number): void;
  throttled(): void;
  failedOver(target: string): void;
  /** The certificate passed one of the thresholds before its end. */
  certificateEnds(profile: string): void;
}

/** A role, and when the certificate expires that its credentials are obtained with; undefined while none was read. */
export interface MeasuredRole extends ServedRole {
  certificateExpires(): Date | undefined;
}

export interface MetricsOptions {
  readonly version: string;
  readonly now: () => Date;
  readonly roles: () => readonly MeasuredRole[];
}

const prefix = 'roles_anywhere_';

/** Makes the counts, each in a registry of its own: a process may serve more than once. */
export function makeMetrics({ version, now, roles }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []): Counter<Label> =>
    new Counter({ name: `${prefix}${name}`, help, labelNames, registers });
  const countdown = (name: string, help: string, read: (role: MeasuredRole) => Date | undefined): void => {
    const gauge = new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames: ['profile', 'role'],
      registers,
      collect() {
        gauge.reset();
        for (const role of roles()) {
          const at = read(role);
          const { profile, roleName } = role;
          if (at !== undefined) gauge.set({ profile, role: roleName }, (at.getTime() - now().getTime()) / 1000);
        }
      },
    });
  };
  const built = new Gauge({ name: `${prefix}build_info`, help: 'Always 1.', labelNames: ['version'], registers });
  built.set({ version }, 1);
  countdown(
    'credentials_expiry_seconds',
    'Until the current credentials expire.',
    (role) => role.current()?.credentials.expiration,
  );
  countdown('certificate_expiry_seconds', 'Until the certificate expires.', (role) => role.certificateExpires());
  const counts = new AnswerCounts();
  const requests = new Counter({
    name: `${prefix}requests_total`,
    help: 'Requests that were answered.',
    labelNames: ['route', 'status'],
    registers,
    collect() {
      requests.reset();
      for (const [labels, count] of counts.all()) requests.inc(labels, count);
    },
  });
  const refreshes = counter('refreshes_total', 'Renewals, by what they came to.', ['profile', 'outcome', 'code']);
  const refusals = counter('refusals_total', 'Renewals that a service refused, by the likeliest cause.', [
    'profile',
    'cause',
  ]);
  const dropped = counter('connections_dropped_total', 'Connections that made room for others, beyond the limit.');
  const throttles = counter('throttles_total', 'Times that the service asked to be left alone.');
  const failovers = counter('failovers_total', 'Targets that did not serve, so that the next one was tried.', [
    'target',
  ]);
  const ends = counter('certificate_warnings_total', 'Times that the certificate came closer to its end.', ['profile']);
  const latency = new Histogram({
    name: `${prefix}create_session_duration_seconds`,
    help: 'Time that the service took to answer an attempt.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  return {
    contentType: registry.contentType,
    page: () => registry.metrics(),
    requested: (answer) => counts.add(answer),
    dropped: () => dropped.inc(),
    refreshed: (profile, code) =>
      refreshes.inc({ profile, outcome: code === undefined ? 'success' : 'failure', code: code ?? '' }),
    refused: (profile, causeName) => refusals.inc({ profile, cause: causeName }),
    answered: (seconds) => latency.observe(seconds),
    throttled: () => throttles.inc(),
    failedOver: (target) => failovers.inc({ target }),
    certificateEnds: (profile) => ends.inc({ profile }),
  };
}

/** Counts by route and status. Prometheus' own counters take longer for each request than the rest of the answer. */
class AnswerCounts {
  readonly #byRoute = new Map<string, Map<number, number>>();

  add({ route, status }: Answer): void {
    let byStatus = this.#byRoute.get(route);
    if (byStatus === undefined) this.#byRoute.set(route, (byStatus = new Map<number, number>()));
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }

  *all(): Iterable<readonly [labels: { readonly route: string; readonly status: string }, count: number]> {
    for (const [route, byStatus] of this.#byRoute) {
      for (const [status, count] of byStatus) yield [{ route, status: String(status) }, count];
    }
  }
}
