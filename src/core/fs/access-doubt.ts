import { win32 } from 'node:path';
import {
  readRights,
  replaceOnlyBelow,
  replaceRights,
  type Strangers,
  strangersOf,
  writeRights,
} from './security-descriptor.ts';

/** What is said against a file or folder, and what mends it. */
export interface AccessDoubt {
  /** The end of a sentence. */
  readonly text: string;
  /** Commands where there are some, to be put behind a colon. */
  readonly mending: string;
}

/**
 * What may be demanded of a file or folder: `private`, that nobody else may read or change it, nor what is made in it;
 * `closed`, that not everybody may read it; `own`, that nobody else may change it. Always, too, that nobody else owns it.
 */
export type AccessDemand = 'private' | 'closed' | 'own';

/** Whose list it is. */
export interface Listed {
  readonly path: string;
  /** The SID of the user that this process acts as. */
  readonly user: string;
  readonly isFolder: boolean;
}

/** @param descriptor with owner and list; undefined where it cannot be had */
export function doubtOf(descriptor: Buffer | undefined, demand: AccessDemand, listed: Listed): AccessDoubt | undefined {
  const isHandedDown = listed.isFolder && demand === 'private';
  const strangers = strangersIn(descriptor, listed.user, isHandedDown);
  if (strangers === undefined) {
    return { text: 'has no access list that can be read', mending: makePrivate(listed, []) };
  }
  const { owner } = strangers;
  if (owner !== undefined) return { text: ownedBy(owner), mending: setOwner(listed) };
  const [readers, writers] = [readersIn(strangers, demand), demand === 'closed' ? [] : having(strangers, writeRights)];
  const others = [...new Set([...readers, ...writers])];
  if (others.length === 0) return undefined;
  const verbs = [readers.length > 0 ? ['read'] : [], writers.length > 0 ? ['changed'] : []].flat();
  return {
    text: maybe(verbs, others),
    mending: demand === 'private' ? makePrivate(listed, others) : takeAway(listed, others),
  };
}

/**
 * What is said against a folder on the way to a file: others may put something else in its place, or in that of what is
 * in it. What is handed down to new files is none of its own rights; each of them is looked at by itself.
 */
export function folderDoubtOf(descriptor: Buffer | undefined, path: string, user: string): string | undefined {
  // What a folder further up does not tell is not held against what is below it.
  const strangers = strangersIn(descriptor, user, false);
  if (strangers === undefined) return undefined;
  if (strangers.owner !== undefined) return ownedBy(strangers.owner);
  const others = having(strangers, isRoot(path) ? replaceOnlyBelow : replaceRights);
  return others.length === 0 ? undefined : maybe(['changed'], others);
}

function strangersIn(descriptor: Buffer | undefined, user: string, withNewFiles: boolean): Strangers | undefined {
  try {
    return descriptor && strangersOf(descriptor, user, withNewFiles);
  } catch {
    return undefined;
  }
}

function having({ rights }: Strangers, wanted: number): readonly string[] {
  return [...rights].filter(([, has]) => (has & wanted) !== 0).map(([sid]) => sid);
}

function readersIn(strangers: Strangers, demand: AccessDemand): readonly string[] {
  if (demand === 'own') return [];
  return having(strangers, readRights).filter((sid) => demand === 'private' || sid in wideGroups);
}

function ownedBy(owner: string): string {
  return `belongs to another user (${nameOf(owner)})`;
}

function maybe(verbs: readonly string[], others: readonly string[]): string {
  return `may be ${verbs.join(' and ')} by others (${others.map((sid) => nameOf(sid)).join(', ')})`;
}

/** Everybody, more or less, by what Windows calls them in English. The names of others a domain would have to be asked for. */
const wideGroups: Readonly<Record<string, string>> = {
  'S-1-1-0': 'Everyone',
  'S-1-5-4': 'INTERACTIVE',
  'S-1-5-7': 'ANONYMOUS LOGON',
  'S-1-5-11': 'Authenticated Users',
  'S-1-5-32-545': 'Users',
  'S-1-5-32-546': 'Guests',
};

const services: Readonly<Record<string, string>> = { 'S-1-5-19': 'LOCAL SERVICE', 'S-1-5-20': 'NETWORK SERVICE' };

function nameOf(sid: string): string {
  return wideGroups[sid] ?? services[sid] ?? sid;
}

/** A drive: it can be neither moved nor deleted, and its list is not one user's to change. */
function isRoot(path: string): boolean {
  const { root } = win32.parse(path);
  return root !== '' && win32.relative(root, path) === '';
}

// Commands are for cmd.exe and PowerShell alike. icacls takes SIDs after a star, whatever the language of the system.

const ofRoot = 'name a folder below it';

function setOwner(listed: Listed): string {
  return isRoot(listed.path) ? ofRoot : `icacls "${listed.path}" /setowner "*${listed.user}"`;
}

/** Ends what is inherited, so that nobody is left but those whom the list itself names, without the others. */
function makePrivate({ path, user, isFolder }: Listed, others: readonly string[]): string {
  if (isRoot(path)) return ofRoot;
  const rest = others.length === 0 ? '' : ` /remove:g${sidsOf(others)}`;
  return `icacls "${path}" /inheritance:r /grant:r "*${user}:${isFolder ? '(OI)(CI)' : ''}F"${rest}`;
}

/** Whoever else may read it keeps that: what is inherited is made the file's own first, as icacls removes no other. */
function takeAway({ path }: Listed, others: readonly string[]): string {
  return `icacls "${path}" /inheritance:d, and then icacls "${path}" /remove:g${sidsOf(others)}`;
}

function sidsOf(others: readonly string[]): string {
  return others.map((sid) => ` "*${sid}"`).join('');
}
