import type { CredentialPlan, PipelineContext } from './credential-plan.ts';
import { type CacheEntry, isFresh, isValid, type CachedSet } from './disk-cache/cache-entry.ts';
import { type EntryLocation, readEntry } from './disk-cache/entry-file.ts';
import { renewAlone, type RenewalContext } from './disk-cache/renew-alone.ts';
import { writeEntry } from './disk-cache/write-entry.ts';
import { type Judge, LinkMemory, type PlanMemory } from './link-memory.ts';

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

/** New credentials. Of the links to them, those that the old entry still holds fresh are not renewed. */
async function renewPlan(
  plan: CredentialPlan,
  old: CacheEntry | undefined,
  context: PipelineContext,
): Promise<CacheEntry> {
  const memory = entryMemory(old, context.now);
  const { obtainPlanned } = await import('./pipeline.ts');
  await obtainPlanned(plan, context, memory);
  return memory.entry();
}

/** What an entry knows of its target; that a new one is made of. */
function entryMemory(old: CacheEntry | undefined, now: () => Date): PlanMemory & { readonly entry: () => CacheEntry } {
  const judge: Judge<CachedSet> = {
    know: (credentials) => ({ credentials, obtainedAt: now() }),
    isFresh: (set) => isFresh(set, now()),
    isValid: (set) => isValid(set, now()),
  };
  let asked: { readonly target: number; readonly links: LinkMemory<CachedSet> } | undefined;
  return {
    chain(target) {
      const links = new LinkMemory(judge, old?.target === target ? old.sets : []);
      asked = { target, links };
      return links;
    },
    // The target that was asked last is the one that served.
    entry() {
      const [first, ...others] = (asked?.links.known ?? []).filter((set) => set !== undefined);
      if (asked === undefined || first === undefined) throw new TypeError('no target served');
      return { target: asked.target, sets: [first, ...others] };
    },
  };
}
