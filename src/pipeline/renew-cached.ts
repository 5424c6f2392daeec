import type { CredentialPlan, CredentialRequest, PipelineContext } from './credential-plan.ts';
import type { Credentials } from '../core/credentials.ts';
import { type CacheEntry, isFresh, isValid, type CachedSet } from './disk-cache/cache-entry.ts';
import { type EntryLocation, readEntry, writeEntry } from './disk-cache/entry-file.ts';
import { renewAlone, type RenewalContext } from './disk-cache/renew-alone.ts';
import { renewLinks } from './renew-links.ts';

type Sets = CacheEntry['sets'];

/**
 * A new entry for the plan, made by this process or by another one that was faster.
 *
 * @throws RolesAnywhereError FILE_UNSAFE; whatever the pipeline throws where the cache has nothing that works
 */
export function renewCached(
  place: EntryLocation,
  plan: CredentialPlan,
  context: PipelineContext & RenewalContext,
): Promise<CacheEntry> {
  const { folder, key } = place;
  const renewal = {
    folder,
    key,
    read: () => readEntry(place, context.now()),
    write: (entry: CacheEntry) => writeEntry(place, { entry, names: namesOf(plan, entry) }, context),
    renew: (old: CacheEntry | undefined) => renewPlan(plan, old, context),
  };
  return renewAlone(renewal, context);
}

/** The role that credentials are of is the last one that was assumed. */
function namesOf({ targets }: CredentialPlan, entry: CacheEntry): { readonly role: string; readonly target: string } {
  const { name, request } = targets[entry.target] ?? targets[0];
  return { role: request.roleChain?.at(-1)?.roleArn ?? request.session.roleArn, target: name };
}

/**
 * New credentials by the first target that serves. Of the links to them, those that the old entry still holds fresh are
 * not renewed.
 *
 * @throws RolesAnywhereError whatever the pipeline throws
 */
async function renewPlan(
  plan: CredentialPlan,
  old: CacheEntry | undefined,
  context: PipelineContext,
): Promise<CacheEntry> {
  const { targets } = plan;
  const renew = (at: number, request: CredentialRequest): Promise<Sets> =>
    renewRequest(request, old?.target === at ? old.sets : [], context);
  if (targets.length === 1) return { target: 0, sets: await renew(0, targets[0].request) };

  let served: CacheEntry | undefined;
  const { failoverOnce } = await import('./failover/failover.ts');
  const obtain = async (request: CredentialRequest, target: number): Promise<Credentials> => {
    const sets = await renew(target, request);
    served = { target, sets };
    return (sets.at(-1) ?? sets[0]).credentials;
  };
  await failoverOnce(plan, obtain, context.random);
  if (served === undefined) throw new TypeError('no target served');
  return served;
}

/** Renews what of a chain is not fresh, and remembers since when each set is there. */
async function renewRequest(
  request: CredentialRequest,
  old: readonly CachedSet[],
  context: PipelineContext,
): Promise<Sets> {
  const { linksOf } = await import('./pipeline.ts');
  const known = new Map(old.map((set) => [set.credentials, set]));
  const links = (await linksOf(request, context)).map((link) => async (previous: Credentials | undefined) => {
    const credentials = await link(previous);
    known.set(credentials, { credentials, obtainedAt: context.now() });
    return credentials;
  });
  const judgedBy = (judge: (set: CachedSet, now: Date) => boolean) => (credentials: Credentials) => {
    const set = known.get(credentials);
    return set !== undefined && judge(set, context.now());
  };
  const sets = old.map(({ credentials }) => credentials);
  const renewed = await renewLinks(links, { sets, isFresh: judgedBy(isFresh), isValid: judgedBy(isValid) });
  const [first, ...others] = renewed.map((credentials) => known.get(credentials)).filter((set) => set !== undefined);
  if (first === undefined) throw new TypeError('there is no link');
  return [first, ...others];
}
