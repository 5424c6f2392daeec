import type { CredentialPlan, CredentialTarget, PipelineContext } from './credential-plan.ts';
import type { Credentials } from '../core/credentials.ts';
import { type IdentityBytes, identityReader, type IdentityReader } from '../identity/buffered-sources.ts';
import { type CacheEntry, isGoodEnough, lastSet } from './disk-cache/cache-entry.ts';
import type { CacheFolder } from './disk-cache/cache-folder.ts';
import { sealOf } from './disk-cache/entry-codec.ts';
import { entryKey } from './disk-cache/entry-key.ts';
import type { LockProcess } from '../core/fs/lock-holder.ts';
import { type EntryLocation, readEntry } from './disk-cache/entry-file.ts';

/** Where the disk cache is, and who this process is among those that share them. */
export interface CacheOptions {
  readonly folder: CacheFolder;
  readonly process: LockProcess;
}

/**
 * The path once, unless the disk cache holds credentials that work for a while yet: then neither key nor connection is
 * opened, and of the key's file no more than its bytes are read.
 *
 * @throws RolesAnywhereError FILE_UNSAFE; whatever the pipeline throws
 */
export async function obtainCached(
  plan: CredentialPlan,
  cache: CacheOptions,
  context: PipelineContext,
): Promise<Credentials> {
  const reader = identityReader(context);
  try {
    const identities: IdentityBytes[] = [];
    for (const target of plan.targets) identities.push(await readTarget(target, plan, reader));
    const key = entryKey(plan, identities);
    const privateKeys = identities.map(({ privateKey }) => privateKey).filter((bytes) => bytes !== undefined);
    const place = { folder: cache.folder, key, seal: sealOf(privateKeys, key) };
    return handedOut(await findEntry(place, { plan: withSources(plan, identities), cache, context }), plan);
  } finally {
    reader.wipe();
  }
}

async function findEntry(
  place: EntryLocation,
  { plan, cache, context }: { plan: CredentialPlan; cache: CacheOptions; context: PipelineContext },
): Promise<CacheEntry> {
  const entry = await readEntry(place, context.now());
  const isHit = entry !== undefined && isGoodEnough(entry, context.now());
  context.debug?.(`cache: ${place.folder.path}/${place.key}.json holds ${isHit ? '' : 'no '}fresh credentials`);
  if (isHit) return entry;
  const { renewCached } = await import('./renew-cached.ts');
  return renewCached(place, plan, { ...context, process: cache.process });
}

/** Where a target cannot be read, and there are others, that is said by its turn; it counts by its options until then. */
async function readTarget(
  { request: { identity } }: CredentialTarget,
  { targets }: CredentialPlan,
  reader: IdentityReader,
): Promise<IdentityBytes> {
  if ('signer' in identity || 'use' in identity) throw new TypeError('an opened identity has no bytes to tell it by');
  try {
    return await reader.read(identity);
  } catch (error) {
    if (targets.length === 1) throw error;
    return { source: identity, certificate: undefined, privateKey: undefined };
  }
}

function withSources(
  { targets, failoverOnRefusal }: CredentialPlan,
  identities: readonly IdentityBytes[],
): CredentialPlan {
  const withSource = ({ name, request }: CredentialTarget, at: number): CredentialTarget => ({
    name,
    request: { ...request, identity: identities[at]?.source ?? request.identity },
  });
  const [first, ...others] = targets;
  return { targets: [withSource(first, 0), ...others.map((one, at) => withSource(one, at + 1))], failoverOnRefusal };
}

/** Several targets have names; of one, nobody asks. */
function handedOut(entry: CacheEntry, { targets }: CredentialPlan): Credentials {
  const { credentials } = lastSet(entry);
  const target = targets.length > 1 ? targets[entry.target]?.name : undefined;
  return target === undefined ? credentials : { ...credentials, target };
}
