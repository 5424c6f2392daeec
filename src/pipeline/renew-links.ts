import type { Credentials } from '../core/credentials.ts';
import { failureKind } from '../core/error-facts.ts';
import { RolesAnywhereError } from '../core/errors.ts';
import type { CredentialRequest, PipelineContext } from './credential-plan.ts';
import { type ChainMemory, type Link, noMemory } from './link-memory.ts';

/** Whose links, and what is known of them. */
interface Chain {
  readonly request: CredentialRequest;
  readonly context: PipelineContext;
  readonly memory?: ChainMemory | undefined;
}

/**
 * The path of one target as links. The chain is made first: what is wrong with it is said before anybody is asked for a
 * session.
 */
export async function obtainByLinks(session: Link, { request, context, memory }: Chain): Promise<Credentials> {
  return renewLinks([session, ...(await rolesOf(request, context))], memory ?? noMemory, context.signal);
}

async function rolesOf(request: CredentialRequest, context: PipelineContext): Promise<readonly Link[]> {
  if (request.roleChain === undefined || request.roleChain.length === 0) return [];
  const { roleLinks } = await import('../aws/assume-role/role-links.ts');
  return roleLinks(request, context);
}

/**
 * Renews the last link, and of the links before it only those whose sets are no longer fresh.
 *
 * A role that is refused to a set from before is asked for once more with new ones: a session that was revoked, or made
 * before a certificate's attributes or a policy were put right, stays refused for as long as it is used. For the same
 * reason, after any failure that lasts, nothing from before counts as fresh. What was called off has not failed.
 *
 * @returns the set of the last link
 * @throws whatever a link throws that has no valid set to go on with
 */
export async function renewLinks(
  links: readonly Link[],
  memory: ChainMemory,
  signal?: AbortSignal,
): Promise<Credentials> {
  try {
    return await renewOrAnew(links, memory);
  } catch (error) {
    if (signal?.aborted !== true && failureKind(error) === 'lasting') memory.outdate();
    throw error;
  }
}

async function renewOrAnew(links: readonly Link[], memory: ChainMemory): Promise<Credentials> {
  const reused = reusedSets(links, memory);
  try {
    return await renewAfter(reused, links, memory);
  } catch (error) {
    if (reused.length === 0 || !isRefusedRole(error)) throw error;
    return renewAfter([], links, { ...memory, sets: [] });
  }
}

/** The sets up to the last that is fresh. Those before that one are not used, so they need not be renewed. */
function reusedSets(links: readonly Link[], { sets, isFresh }: ChainMemory): readonly Credentials[] {
  const before = sets.slice(0, links.length - 1);
  const last = before.findLastIndex((set) => set !== undefined && isFresh(set));
  return before.slice(0, last + 1).filter((set) => set !== undefined);
}

async function renewAfter(
  reused: readonly Credentials[],
  links: readonly Link[],
  { sets, isValid, store }: ChainMemory,
): Promise<Credentials> {
  let previous = reused.at(-1);
  for (const [at, link] of links.entries()) {
    if (at < reused.length) continue;
    try {
      previous = store(at, await link(previous));
    } catch (error) {
      const set = sets[at];
      // An expired set of the last link is of no use to anybody, and a valid one its holder has already.
      if (at === links.length - 1 || set === undefined || !isValid(set)) throw error;
      previous = set;
    }
  }
  if (previous === undefined) throw new TypeError('there is no link');
  return previous;
}

function isRefusedRole(error: unknown): boolean {
  return error instanceof RolesAnywhereError && error.code === 'REFUSED_ASSUME_ROLE';
}
