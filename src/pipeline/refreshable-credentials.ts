import { CertificateWatch } from './certificate-watch.ts';
import type { CredentialPlan, CredentialTarget, PipelineContext } from './credential-plan.ts';
import type { Credentials } from '../core/credentials.ts';
import type { FailoverContext } from './failover/failover.ts';
import { TargetHealth } from './failover/target-health.ts';
import { describeError } from '../core/describe-error.ts';
import { failureKind } from '../core/error-facts.ts';
import { isLoadFailure, loadFailure } from '../core/load-part.ts';
import type { ReloadingIdentity, SigningIdentity } from '../identity/identity.ts';
import { identityPool, type IdentityPool } from '../identity/reloading-identity.ts';
import { type Judge, LinkMemory, type PlanMemory } from './link-memory.ts';
import { obtainPlanned } from './pipeline.ts';
import { preload } from './preload.ts';
import { abortable, inTime } from './refresh/abortable.ts';
import type { Clock } from './refresh/clock.ts';
import { createRefresher, type Obtain, type Refresher, type RefreshEvent } from './refresh/refresher.ts';
import { type ExpiringSet, expiringSet, timeLeft } from './refresh/credential-set.ts';
import { renewalWindow } from './refresh/renewal-window.ts';

/** What a process that lives on hands in besides. */
export type RefreshableContext = PipelineContext &
  Pick<FailoverContext, 'onFailover'> & {
    readonly clock: Clock;
    /** Need not take notice of the signal: nobody waits for it once that has aborted. */
    readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
    readonly onRefresh?: ((event: RefreshEvent) => void) | undefined;
  };

/** Credentials that are renewed, with everything that is open for that. */
export interface RefreshableCredentials extends Omit<Refresher, 'close'> {
  /** Reads certificate, chain and key again and renews at once; the current set stays when that fails. */
  reload(): Promise<Credentials>;
  /** Ends renewals, with all that they wait for, and gives back tokens and TPM. */
  close(): Promise<void>;
}

/** Milliseconds that `close` waits for a token or TPM that is in use. */
const longestClose = 5000;

/**
 * The path for a process that lives on: identities stay open, every link of the chain is known for itself, targets are
 * taken by their health, and one refresher stands over all.
 */
export function refreshableCredentials(plan: CredentialPlan, context: RefreshableContext): RefreshableCredentials {
  const { clock, random } = context;
  const end = new AbortController();
  const identities = identityPool(untilAborted(context, end.signal));
  const reused = { ...plan, targets: mapTargets(plan, (target) => withReused(target, identities)) };
  const memory = processMemory(plan, context);
  const watch = new CertificateWatch(clock, (event) => context.onRefresh?.(event));
  const onCertificate: PipelineContext['onCertificate'] = (certificate) => watch.use(certificate);
  const saying = { ...context, warn: onceEach(context.warn), onCertificate };
  let isReady = false;
  const makeReady = async (): Promise<void> => {
    if (isReady) return;
    try {
      await preload(plan);
      isReady = true;
    } catch (error) {
      saying.debug?.(describeError(error).message);
    }
  };
  /** What a renewal must not take from before. One that is under way still does, so it is told to the next that begins. */
  const stale = new Set<'identities' | 'links'>();
  const obtain: Obtain = async (signal) => {
    if (stale.delete('identities')) identities.reload();
    if (stale.delete('links')) memory.outdate();
    try {
      const ready = makeReady();
      const credentials = await obtainPlanned(within(reused, signal), untilAborted(saying, signal), memory);
      await ready;
      return credentials;
    } catch (error) {
      if (isLoadFailure(error)) throw loadFailure(error);
      // Of what was called off, a connection that broke is not the reason.
      if (failureKind(error) === 'transient') signal.throwIfAborted();
      throw error;
    }
  };
  const refresher = createRefresher(obtain, { clock, random, onEvent: context.onRefresh, limitMs: limitOf(plan) });
  const renew = (): Promise<Credentials> => {
    stale.add('links');
    return refresher.reload();
  };
  let endWatch: (() => void) | undefined;
  return {
    get: (options) => refresher.get(options),
    current: () => refresher.current(),
    keepFresh() {
      // A renewal that fails is told by its event.
      endWatch ??= identities.onChange(() => void renew().catch(() => undefined));
      refresher.keepFresh();
    },
    reload() {
      stale.add('identities');
      return renew();
    },
    async close() {
      endWatch?.();
      refresher.close();
      watch.close();
      end.abort(new DOMException('the credentials were closed', 'AbortError'));
      await inTime(identities.close(), { milliseconds: longestClose, clock, late: () => undefined });
    },
  };
}

function mapTargets(
  { targets: [first, ...others] }: CredentialPlan,
  change: (target: CredentialTarget) => CredentialTarget,
): CredentialPlan['targets'] {
  return [change(first), ...others.map(change)];
}

/** An open identity is the caller's own: it is used as it is, and the caller closes it. */
function withReused({ name, request }: CredentialTarget, identities: IdentityPool): CredentialTarget {
  const { identity } = request;
  if ('signer' in identity) return { name, request };
  return { name, request: { ...request, identity: identities.reloading(identity) } };
}

/** What is known of the targets for as long as the process lives. */
function processMemory({ targets }: CredentialPlan, { clock, random }: RefreshableContext) {
  const judge: Judge<ExpiringSet> = {
    know: (credentials) => expiringSet(credentials, clock),
    isFresh: (set) => timeLeft(set, clock) > renewalWindow(set.lifetime),
    isValid: (set) => timeLeft(set, clock) > 0,
  };
  const known = targets.map(() => ({
    links: new LinkMemory(judge),
    health: new TargetHealth({ monotonic: clock.monotonic, random }),
  }));
  return {
    chain: (target: number) => known[target]?.links ?? new LinkMemory(judge),
    health: known.map(({ health }) => health),
    /** Renews all links the next time. */
    outdate: () => known.forEach(({ links }) => links.outdate()),
  } satisfies PlanMemory & { outdate: unknown };
}

/** Ends every use of an identity with the renewal that it is for: a signer may never answer. */
function within(plan: CredentialPlan, signal: AbortSignal): CredentialPlan {
  return { ...plan, targets: mapTargets(plan, (target) => endingWith(target, signal)) };
}

function endingWith({ name, request }: CredentialTarget, signal: AbortSignal): CredentialTarget {
  const { identity } = request;
  if (!('use' in identity)) return { name, request };
  /** What waited for a key to open until it was given up is not begun then. */
  const use = <T>(of: ReloadingIdentity, action: (opened: SigningIdentity) => Promise<T>): Promise<T> =>
    of.use(async (opened) => {
      signal.throwIfAborted();
      return abortable(action(opened), signal);
    });
  const ending: ReloadingIdentity = {
    use: (action) => abortable(use(identity, action), signal),
    reload: () => identity.reload(),
    onChange: (callback) => identity.onChange(callback),
    close: () => identity.close(),
  };
  return { name, request: { ...request, identity: ending } };
}

/** The world around a renewal, which it no longer waits for once the signal has aborted. */
function untilAborted(context: RefreshableContext, signal: AbortSignal): PipelineContext {
  const { sleep, askSecret } = context;
  return {
    ...context,
    signal,
    sleep: (milliseconds) => abortable(sleep(milliseconds, signal), signal),
    askSecret: askSecret && ((question) => abortable(askSecret(question), signal)),
  };
}

/** Milliseconds: what opening key, token and TPM may take, with everybody who is asked for a password. */
const forTheKey = 5 * 60_000;

/** Milliseconds that the service may ask to be left alone for between two attempts. */
const forPause = 20_000;

/** Milliseconds that a renewal may take: all attempts at all links of all targets. */
function limitOf({ targets }: CredentialPlan): number {
  const limits = targets.map(({ request: { network, roleChain = [] } }) => {
    const attempts = network.maxAttempts * (1 + roleChain.length);
    return forTheKey + attempts * (network.requestTimeout + forPause);
  });
  return limits.reduce((sum, limit) => sum + limit, 0);
}

/** What is so at every renewal is said once. */
function onceEach(warn: PipelineContext['warn']): PipelineContext['warn'] {
  const told = new Set<string>();
  return (message) => {
    if (told.has(message)) return;
    // Messages with a date in them are many in a year.
    if (told.size === 100) told.clear();
    told.add(message);
    warn(message);
  };
}
