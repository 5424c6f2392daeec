import { accessSync, constants, statSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { RolesAnywhereError } from '../core/errors.ts';
import { systemCodeOf } from '../core/errno.ts';
import { openTrustedPlace } from '../core/fs/trusted-place.ts';
import { identityReader, type IdentityReader } from '../identity/buffered-sources.ts';
import type { CredentialTarget } from '../pipeline/credential-plan.ts';
import type { CacheFolder } from '../pipeline/disk-cache/cache-folder.ts';
import { entryKey, type KeyedIdentity } from '../pipeline/disk-cache/entry-key.ts';
import { findListed, freshUntil, listEntries, type ListedEntry } from '../pipeline/disk-cache/list-entries.ts';
import type { Check, Examination } from './examination.ts';
import { failed, pass, skip, warn } from './finding.ts';
import type { Finding } from './report.ts';

/** The folder of `--cache`, the entry of these very options, and what else is in it. No entry is opened. */
export const checkCache: Check = {
  name: 'cache',
  async run(examination) {
    const { cache } = examination.context;
    if (cache === undefined) return [skip('this program keeps its credentials in memory')];
    if (!cache.isUsed) return [withoutCache(cache.folder, examination)];
    const { path } = cache.folder;
    if (!isThere(path)) {
      const ofPlace = placeFindings(cache.folder);
      return ofPlace.length > 0 ? ofPlace : [pass(`${path} is not there yet: the first call makes it`)];
    }
    const own = await ownFinding(cache.folder, examination);
    if (own.status === 'FAIL') return [own];
    const ofPlace = placeFindings(cache.folder);
    return [own, ...(ofPlace.length > 0 ? ofPlace : allFindings(cache.folder, examination))];
  },
};

function withoutCache(folder: CacheFolder, { context: { now } }: Examination): Finding {
  const why = '--cache is not given: each call of credential_process asks for a session';
  try {
    const entries = listEntries(folder, now());
    return pass(entries.length === 0 ? why : `${why}; ${folder.path}: ${countText(entries)}`);
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    return skip(`--cache is not given; ${error.message}`);
  }
}

function countText(entries: readonly ListedEntry[]): string {
  const count = (state: string): number => entries.filter((entry) => entry.state === state).length;
  return `${entries.length} entries, ${count('valid')} valid, ${count('expired')} expired, ${count('unreadable')} unreadable`;
}

/** Whether entries can be put there, by who may change what is on the way. */
function placeFindings({ path, userId, accessLists }: CacheFolder): readonly Finding[] {
  try {
    if (isThere(path)) openTrustedPlace(`${path}/entry`, { userId, accessLists }).close();
    // With a dot behind it, a file on the way is no folder.
    accessSync(`${nearest(path)}${sep}.`, constants.W_OK);
    return [];
  } catch (error) {
    if (error instanceof RolesAnywhereError) return [failed(error)];
    const message = `${path} cannot be written (${systemCodeOf(error) ?? 'no reason'}): credentials are not kept`;
    return [warn('cache-write', message, 'name a folder by --cache-dir that this user may write to')];
  }
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // What cannot be looked at is told by whoever tries to write there.
    return false;
  }
}

/** The folder, or the one that it would be made in. @throws where a part of the path cannot be looked at, with a code */
function nearest(path: string): string {
  const above = dirname(path);
  return statSync(path, { throwIfNoEntry: false }) === undefined && above !== path ? nearest(above) : path;
}

/** What belongs to other options does not keep these from being cached. */
function allFindings(folder: CacheFolder, { context: { now } }: Examination): readonly Finding[] {
  try {
    return [pass(`${folder.path}: ${countText(listEntries(folder, now()))}`)];
  } catch (error) {
    return [failed(error, 'WARN')];
  }
}

async function ownFinding(folder: CacheFolder, examination: Examination): Promise<Finding> {
  const reader = identityReader(examination.context);
  examination.facts.wiping.push(() => reader.wipe());
  let key: string | undefined;
  try {
    key = await keyOf(examination, reader);
  } catch {
    // Told where certificate and key are looked at.
  }
  if (key === undefined)
    return skip('the entry of these options is not looked for: they come to no identity to tell it by');
  return entryFinding(findListed(folder, key, examination.context.now()), examination.context.now());
}

/** The name of the entry, by the same rule as that of the calls that read and write it. */
async function keyOf(examination: Examination, reader: IdentityReader): Promise<string | undefined> {
  const all = [...examination.before, examination];
  const identities: KeyedIdentity[] = [];
  const found: CredentialTarget[] = [];
  for (const {
    subject: { request, target = '' },
    facts: { source },
  } of all) {
    if (request === undefined || source === undefined) return undefined;
    identities.push(await keyedBy(source, { reader, isOne: all.length === 1 }));
    found.push({ name: target, request });
  }
  const [first, ...others] = found;
  const failoverOnRefusal = all[0]?.subject.values?.isOn('failover-on-refusal') === true;
  return first && entryKey({ targets: [first, ...others], failoverOnRefusal }, identities);
}

/** One of several that cannot be read counts by its options until its turn comes. */
async function keyedBy(
  source: KeyedIdentity['source'],
  { reader, isOne }: { readonly reader: IdentityReader; readonly isOne: boolean },
): Promise<KeyedIdentity> {
  try {
    return await reader.read(source);
  } catch (error) {
    if (isOne) throw error;
    return { source, certificate: undefined };
  }
}

function entryFinding(entry: ListedEntry | undefined, now: Date): Finding {
  if (entry === undefined)
    return pass('there is no entry of these options: the next call asks for a session, and keeps it');
  const { path, writtenAt, expiration } = entry;
  if (writtenAt === undefined || expiration === undefined) {
    return warn(
      'cache-entry',
      `${path}, the entry of these options, is damaged: the next call replaces it`,
      `rm ${path}`,
    );
  }
  const end = `${path}, the entry of these options, expires at ${expiration.toISOString()}`;
  if (writtenAt.getTime() > now.getTime() + smallStep) {
    const message = `${end}, and is of ${writtenAt.toISOString()}: the clock was set back since, so the next call renews it`;
    return warn('cache-entry', message, 'check the clock of this machine');
  }
  if (expiration <= now)
    return pass(`${path}, the entry of these options, expired at ${expiration.toISOString()}: the next call renews it`);
  const until = freshUntil({ writtenAt, expiration });
  return pass(
    until > now
      ? `${end}: it is handed out until ${until.toISOString()}, and renewed then`
      : `${end}: the next call renews it`,
  );
}

/** Milliseconds: clocks are put right by seconds all the time. */
const smallStep = 60_000;
