import { describeError } from '../../core/describe-error.ts';
import type { CredentialPlan, PipelineContext } from '../../pipeline/credential-plan.ts';
import { type RefreshableContext, refreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import type { MeasuredRole, Metrics } from './metrics.ts';
import type { LogFields, ServeLog } from './serve-log.ts';
import { currentCredentials, type ServedRole } from './served-role.ts';

/** What to serve under one name. */
export interface ProfilePlan {
  /** The profile, or undefined without `--from-profile`: the role's name then stands for it. */
  readonly profile: string | undefined;
  readonly plan: CredentialPlan;
}

/** The world around, and who is told. */
export interface KeptRoleContext {
  readonly pipeline: PipelineContext;
  readonly clock: Clock;
  readonly log: ServeLog;
  readonly metrics: Metrics;
}

/** A role whose credentials are kept fresh. */
export interface KeptRole extends MeasuredRole {
  readonly plan: CredentialPlan;
  readonly held: ServedRole['held'];
  /** Obtains the first set; resolves at once when there is one. @throws what the attempt threw */
  obtain(): Promise<void>;
  /** Resolves when there has been a first set, whoever obtained it, or the role was closed. */
  whenReady(): Promise<void>;
  /** From now on renews by itself. */
  keepFresh(): void;
  /** Reads certificate and key again and renews. @throws what the attempt threw; what is held stays */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** What the last renewal showed of itself on its way. */
interface Seen {
  requestId?: string | undefined;
  serialNumber?: string;
  certificateExpires?: Date;
  renewedAt?: Date;
  failure?: string | undefined;
  readonly onFirst: () => void;
}

/** Begins to keep a role; nothing is obtained yet. */
export function keepRole({ profile: given, plan }: ProfilePlan, context: KeptRoleContext): KeptRole {
  const { name: roleName, accountId } = roleOf(plan);
  const profile = given ?? roleName;
  let onFirst = (): void => undefined;
  const first = new Promise<void>((settle) => {
    onFirst = settle;
  });
  const seen: Seen = { onFirst };
  const held = refreshableCredentials(plan, watchedContext({ profile, roleName, seen }, context));
  const current = currentCredentials(held);
  return {
    profile,
    roleName,
    accountId,
    plan,
    held() {
      const credentials = current();
      return credentials === undefined ? undefined : { credentials, renewedAt: seen.renewedAt ?? context.clock.now() };
    },
    lastFailure: () => seen.failure,
    certificateExpires: () => seen.certificateExpires,
    obtain: async () => void (await held.get()),
    whenReady: () => first,
    keepFresh: () => held.keepFresh(),
    reload: async () => void (await held.reload()),
    close: () => {
      onFirst();
      return held.close();
    },
  };
}

interface Watched {
  readonly profile: string;
  readonly roleName: string;
  readonly seen: Seen;
}

/** Takes down what happens on the way, for the log and the metrics. */
function watchedContext({ profile, roleName, seen }: Watched, context: KeptRoleContext): RefreshableContext {
  const { pipeline, clock, log, metrics } = context;
  const who: LogFields = { profile, role: roleName };
  return {
    ...pipeline,
    clock,
    trace: (event) => {
      if (event.kind === 'identity') {
        seen.serialNumber = event.serialNumber;
        seen.certificateExpires = event.notAfter;
      }
      if (event.kind === 'answered') {
        seen.requestId = event.requestId;
        metrics.answered(event.elapsedMs / 1000);
      }
      if (event.kind === 'failed' && event.code === 'SERVICE_THROTTLED') metrics.throttled();
      pipeline.trace?.(event);
    },
    onRefresh: (event) => {
      if (event.kind === 'clock') {
        log('warn', 'the clock was set, or the machine slept', { ...who, 'jumped-ms': Math.round(event.jumpedMs) });
        return;
      }
      const more = {
        ...who,
        'request-id': seen.requestId,
        serial: seen.serialNumber,
        'took-ms': Math.round(event.elapsedMs),
      };
      seen.requestId = undefined;
      if (event.kind === 'renewed') {
        const { expiration, target } = event.credentials;
        seen.renewedAt = clock.now();
        seen.failure = undefined;
        metrics.refreshed(profile, undefined);
        seen.onFirst();
        log('info', 'credentials renewed', { ...more, expires: expiration.toISOString(), target });
        return;
      }
      const { code, message } = describeError(event.error);
      seen.failure = code;
      metrics.refreshed(profile, code);
      const retry = Number.isFinite(event.retryInMs) ? { 'retry-in-ms': Math.round(event.retryInMs) } : {};
      const level = event.stillValid ? 'warn' : 'error';
      log(level, `renewal failed: ${message}`, { ...more, code, ...retry, 'still-valid': event.stillValid });
    },
    onFailover: (event) => {
      if (event.kind !== 'target-failed') return;
      const { code, message } = describeError(event.error);
      metrics.failedOver(event.target);
      log('warn', `target failed: ${message}`, { ...who, target: event.target, code });
    },
  };
}

/** The last role of a chain is the one whose credentials are served. */
function roleOf(plan: CredentialPlan): { readonly name: string; readonly accountId: string } {
  const { session, roleChain } = plan.targets[0].request;
  const arn = roleChain?.at(-1)?.roleArn ?? session.roleArn;
  return { name: arn.slice(arn.lastIndexOf('/') + 1), accountId: arn.split(':')[4] ?? '' };
}
