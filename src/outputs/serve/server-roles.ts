import { isDeepStrictEqual } from 'node:util';
import { describeError } from '../../core/describe-error.ts';
import { describeRefusal } from '../../core/describe-refusal.ts';
import type { CredentialPlan, PipelineContext } from '../../pipeline/credential-plan.ts';
import { type RefreshableContext, refreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import type { MeasuredRole, Metrics } from './metrics.ts';
import type { LogFields, ServeLog } from './serve-log.ts';
import { currentCredentials, type RoleDirectory, roleDirectory, type ServedRole, servedRoleOf } from './served-role.ts';

/** What to serve under one name. */
export interface ProfilePlan {
  /** The profile, or undefined without `--from-profile`: the role's name then stands for it. */
  readonly profile: string | undefined;
  readonly plan: CredentialPlan;
}

/** The world around, and who is told. */
export interface RolesContext {
  readonly pipeline: PipelineContext;
  readonly clock: Clock;
  readonly log: ServeLog;
  readonly metrics: Metrics;
}

/** A role whose credentials are renewed. */
export interface ServerRole extends MeasuredRole {
  readonly plan: CredentialPlan;
  readonly current: ServedRole['current'];
  /** Obtains the first set; resolves at once when there is one. @throws what the attempt threw */
  obtain(): Promise<void>;
  /** Resolves when there has been a first set, whoever obtained it, or the role was closed. */
  whenReady(): Promise<void>;
  /** From now on renews by itself. */
  keepFresh(): void;
  /** Reads certificate and key again and renews. @throws what the attempt threw; the current set stays */
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

/** Nothing is obtained yet. */
export function openRole({ profile: given, plan }: ProfilePlan, context: RolesContext): ServerRole {
  const { roleName, accountId } = servedRoleOf(plan);
  const profile = given ?? roleName;
  let onFirst = (): void => undefined;
  const first = new Promise<void>((settle) => {
    onFirst = settle;
  });
  const seen: Seen = { onFirst };
  const source = refreshableCredentials(plan, watchedContext({ profile, roleName, seen }, context));
  const currentOf = currentCredentials(source);
  return {
    profile,
    roleName,
    accountId,
    plan,
    current() {
      const credentials = currentOf();
      return credentials === undefined ? undefined : { credentials, renewedAt: seen.renewedAt ?? context.clock.now() };
    },
    lastFailure: () => seen.failure,
    certificateExpires: () => seen.certificateExpires,
    obtain: async () => void (await source.get()),
    whenReady: () => first,
    keepFresh: () => source.keepFresh(),
    reload: async () => void (await source.reload()),
    close: () => {
      onFirst();
      return source.close();
    },
  };
}

interface Watched {
  readonly profile: string;
  readonly roleName: string;
  readonly seen: Seen;
}

/** Takes down what happens on the way, for the log and the metrics. */
function watchedContext({ profile, roleName, seen }: Watched, context: RolesContext): RefreshableContext {
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
      if (event.kind === 'certificate') {
        metrics.certificateEnds(profile);
        const { serialNumber: serial, notAfter } = event;
        log('warn', event.message, { ...who, serial, expires: notAfter.toISOString() });
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
      const refusal = describeRefusal(event.error);
      if (refusal !== undefined) metrics.refused(profile, refusal.cause);
      const retry = Number.isFinite(event.retryInMs) ? { 'retry-in-ms': Math.round(event.retryInMs) } : {};
      const level = event.stillValid ? 'warn' : 'error';
      const fields = { ...more, code, ...refusal, ...retry, 'still-valid': event.stillValid };
      log(level, `renewal failed: ${message}`, fields);
    },
    onFailover: (event) => {
      if (event.kind !== 'target-failed') return;
      const { code, message } = describeError(event.error);
      metrics.failedOver(event.target);
      log('warn', `target failed: ${message}`, { ...who, target: event.target, code, ...describeRefusal(event.error) });
    },
  };
}

/** All the roles that are served, and what changes them. */
export class ServerRoles {
  readonly #context: RolesContext;
  #roles: readonly ServerRole[];
  #directory: RoleDirectory;
  /** What is to take a place among them, and may not come to it. */
  readonly #candidates = new Set<ServerRole>();
  #isClosed = false;

  constructor(plans: readonly ProfilePlan[], context: RolesContext) {
    this.#context = context;
    this.#roles = plans.map((plan) => openRole(plan, context));
    this.#directory = roleDirectory(this.#roles);
  }

  get all(): readonly ServerRole[] {
    return this.#roles;
  }

  get directory(): RoleDirectory {
    return this.#directory;
  }

  /**
   * Obtains the first set of every role and keeps all of them fresh from then on.
   * @throws what the first role that failed threw
   */
  async start(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#roles.map((role) => role.obtain()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    this.keepFresh();
  }

  /** Renews from now on, whether or not there is a first set. */
  keepFresh(): void {
    for (const role of this.#roles) role.keepFresh();
  }

  /** Resolves when every role has had a first set. */
  async whenReady(): Promise<void> {
    await Promise.all(this.#roles.map((role) => role.whenReady()));
  }

  /**
   * Takes over what profiles say now. A role that is to be obtained as before reads its certificate and key again;
   * another takes the place of the old one as soon as it has credentials. What fails leaves everything as it was.
   *
   * @returns how many roles failed
   */
  async reload(plans: readonly ProfilePlan[]): Promise<number> {
    const outcomes = await Promise.all(this.#roles.map((role, index) => this.#renewed(role, plans[index])));
    return outcomes.filter((isRenewed) => !isRenewed).length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#roles, ...this.#candidates].map((role) => role.close()));
  }

  async #renewed(role: ServerRole, next: ProfilePlan | undefined): Promise<boolean> {
    if (this.#isClosed) return false;
    try {
      await (next === undefined || isDeepStrictEqual(role.plan, next.plan) ? role.reload() : this.#replace(role, next));
      return true;
    } catch (error) {
      const { code, message } = describeError(error);
      const fields = { profile: role.profile, role: role.roleName, code, ...describeRefusal(error) };
      if (!this.#isClosed) this.#context.log('error', `reload failed, what was there stays: ${message}`, fields);
      return false;
    }
  }

  async #replace(role: ServerRole, next: ProfilePlan): Promise<void> {
    const candidate = openRole(next, this.#context);
    this.#candidates.add(candidate);
    try {
      await candidate.obtain();
    } catch (error) {
      await candidate.close();
      throw error;
    } finally {
      this.#candidates.delete(candidate);
    }
    if (this.#isClosed) return;
    candidate.keepFresh();
    // Before the old one ends: until all the others are through it may be long.
    this.#roles = this.#roles.map((each) => (each === role ? candidate : each));
    this.#directory = roleDirectory(this.#roles);
    await role.close();
  }
}
