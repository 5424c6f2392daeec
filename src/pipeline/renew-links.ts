import type { Credentials } from '../core/credentials.ts';
import { RolesAnywhereError } from '../core/errors.ts';

/** One step to the credentials: CreateSession, which needs none before it, or a role to assume with those before it. */
export type Link = (previous: Credentials | undefined) => Promise<Credentials>;

/** What is remembered of each link, in order, and how it is judged. */
export interface RememberedLinks {
  readonly sets: readonly (Credentials | undefined)[];
  /** Whether a set works long enough to be used for the next link as it is. */
  readonly isFresh: (set: Credentials) => boolean;
  /** Whether it has not expired: good enough where a newer one cannot be had. */
  readonly isValid: (set: Credentials) => boolean;
}

/**
 * Renews the last link, and of the links before it only those whose sets are no longer fresh.
 *
 * A role that is refused to a remembered set is asked for once more with new ones: a session that was revoked, or made
 * before a certificate's attributes or a policy were put right, stays refused for as long as it is used.
 *
 * @returns the sets of all links, in order
 * @throws whatever a link throws that has no valid set to go on with
 */
export async function renewLinks(links: readonly Link[], remembered: RememberedLinks): Promise<readonly Credentials[]> {
  const kept = keptSets(links, remembered);
  try {
    return await renewAfter(kept, links, remembered);
  } catch (error) {
    if (kept.length === 0 || !isRefusedRole(error)) throw error;
    return renewAfter([], links, { ...remembered, sets: [] });
  }
}

/** The sets up to the last that is fresh. Those before that one are not used, so they need not be renewed. */
function keptSets(links: readonly Link[], { sets, isFresh }: RememberedLinks): readonly Credentials[] {
  const before = sets.slice(0, links.length - 1);
  const last = before.findLastIndex((set) => set !== undefined && isFresh(set));
  return before.slice(0, last + 1).filter((set) => set !== undefined);
}

async function renewAfter(
  kept: readonly Credentials[],
  links: readonly Link[],
  { sets, isValid }: RememberedLinks,
): Promise<readonly Credentials[]> {
  const renewed = [...kept];
  for (const [at, link] of links.entries()) {
    if (at < kept.length) continue;
    try {
      renewed.push(await link(renewed.at(-1)));
    } catch (error) {
      const set = sets[at];
      // An expired set of the last link is of no use to anybody, and a valid one its holder has already.
      if (at === links.length - 1 || set === undefined || !isValid(set)) throw error;
      renewed.push(set);
    }
  }
  return renewed;
}

function isRefusedRole(error: unknown): boolean {
  return error instanceof RolesAnywhereError && error.code === 'REFUSED_ASSUME_ROLE';
}
