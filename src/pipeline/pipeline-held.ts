import type { CredentialPlan, CredentialTarget, PipelineContext } from './credential-plan.ts';
import type { Credentials } from '../core/credentials.ts';
import { failover, type FailoverEvent, type FailoverTarget } from './failover/failover.ts';
import { failureKind } from '../core/error-facts.ts';
import { keepIdentities, type KeptIdentities } from '../identity/keep-identities.ts';
import { linksOf } from './pipeline.ts';
import type { Clock } from './refresh/clock.ts';
import { createRefresher } from './refresh/create-refresher.ts';
import { LinkMemory } from './refresh/link-memory.ts';
import type { RefreshEvent, Refresher } from './refresh/refresher.ts';
import { type Link, renewLinks } from './renew-links.ts';

/** What a process that lives on hands in besides. */
export type HeldContext = PipelineContext & {
  readonly clock: Clock;
  readonly onRefresh?: ((event: RefreshEvent) => void) | undefined;
  readonly onFailover?: ((event: FailoverEvent) => void) | undefined;
};

/** Credentials that are kept fresh, with everything held open for that. */
export interface HeldCredentials extends Omit<Refresher, 'close'> {
  /** Reads certificate, chain and key again and renews at once; what is held stays when that fails. */
  reload(): Promise<Credentials>;
  /** Ends renewals and gives back tokens and TPM. */
  close(): Promise<void>;
}

/**
 * The path for a process that lives on: identities kept, every link of the chain remembered for itself, targets by
 * their health, one refresher over all.
 */
export function holdCredentials(plan: CredentialPlan, context: HeldContext): HeldCredentials {
  const { clock, random } = context;
  const identities = keepIdentities(context);
  const saying = { ...context, warn: onceEach(context.warn) };
  const targets = plan.targets.map((target) => holdTarget(withKept(target, identities), saying));
  const [only, ...others] = targets;
  const obtain =
    only !== undefined && others.length === 0
      ? only.obtain
      : failover(targets, {
          onRefusal: plan.failoverOnRefusal,
          monotonic: clock.monotonic,
          random,
          onEvent: context.onFailover,
        });
  const refresher = createRefresher(() => obtain(), { clock, random, onEvent: context.onRefresh });
  const renew = (): Promise<Credentials> => {
    for (const target of targets) target.outdate();
    return refresher.reload();
  };
  let endWatch: (() => void) | undefined;
  return {
    get: (options) => refresher.get(options),
    held: () => refresher.held(),
    keepFresh() {
      // A renewal that fails is told by its event.
      endWatch ??= identities.onChange(() => void renew().catch(() => undefined));
      refresher.keepFresh();
    },
    reload() {
      identities.reload();
      return renew();
    },
    async close() {
      endWatch?.();
      refresher.close();
      await identities.close();
    },
  };
}

/** An open identity is the caller's own: it is used as it is, and the caller closes it. */
function withKept({ name, request }: CredentialTarget, identities: KeptIdentities): CredentialTarget {
  const { identity } = request;
  if ('signer' in identity) return { name, request };
  return { name, request: { ...request, identity: identities.keep(identity) } };
}

/** A target whose links are each remembered for themselves. */
interface HeldTarget extends FailoverTarget {
  /** Renews all links the next time. */
  outdate(): void;
}

function holdTarget({ name, request }: CredentialTarget, context: HeldContext): HeldTarget {
  const memory = new LinkMemory(context.clock);
  const remembering =
    (link: Link, at: number): Link =>
    async (previous) =>
      memory.store(at, await link(previous));
  const obtain = async (): Promise<Credentials> => {
    const links = (await linksOf(request, context)).map(remembering);
    const last = (await renewLinks(links, memory)).at(-1);
    if (last === undefined) throw new TypeError('there is no link');
    return last;
  };
  return {
    name,
    outdate: () => memory.outdate(),
    obtain: () =>
      obtain().catch((error: unknown) => {
        // A role may be refused because of the one before: what is remembered of that is not trusted again.
        if (failureKind(error) === 'lasting') memory.outdate();
        throw error;
      }),
  };
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
