import { randomUUID } from 'node:crypto';
import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { RolesAnywhereError } from '../../core/errors.ts';
import { type CacheProcess, type Holder, isGone, thisProcess } from '../../pipeline/disk-cache/holder.ts';
import { codeOf } from './file-failure.ts';

/** What a lock needs to know of the world. */
export interface LockContext {
  readonly process: CacheProcess;
  /** Milliseconds since some moment. */
  readonly monotonic: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly random: () => number;
}

/** A lock that is held. */
export interface FileLock {
  /** False when somebody took the holder for dead and broke the lock. */
  isHeld(): boolean;
  release(): void;
}

/**
 * Milliseconds that a lock may stay the same and still be somebody's. The work under it takes some ten of them, and to
 * write into it who holds it takes less than one.
 */
const longestWork = 10_000;
const longestWriting = 1000;
const giveUpAfter = 30_000;
const longestPause = 100;

/**
 * Takes a lock that is a file: who creates it, holds it.
 *
 * The file names its holder. That of a process of this machine that is gone is broken at once; any other, as that of
 * another machine on a network file system, when it has not changed for ten seconds; one that names nobody after one.
 *
 * @throws RolesAnywhereError FILE_LOCKED after half a minute; whatever creating the file throws
 */
export async function takeLock(path: string, context: LockContext): Promise<FileLock> {
  const { monotonic, sleep, random } = context;
  const mine = JSON.stringify({ id: randomUUID(), ...thisProcess(context.process) });
  const start = monotonic();
  let seen: { readonly content: string; readonly since: number } | undefined;
  for (let pause = 5; !tryToCreate(path, mine); pause = Math.min(pause * 2, longestPause)) {
    // Gone since; or a link to nothing, which counts as a lock that names nobody.
    const content = read(path) ?? '';
    if (seen?.content !== content) seen = { content, since: monotonic() };
    if (isAbandoned(content, monotonic() - seen.since, context)) breakLock(path, content);
    else if (monotonic() - start > giveUpAfter) throw locked(path, content);
    else await sleep(pause * (0.5 + random()));
  }
  const isHeld = (): boolean => read(path) === mine;
  return {
    isHeld,
    release() {
      if (isHeld()) rmSync(path, { force: true });
    },
  };
}

function tryToCreate(path: string, content: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', 0o600);
  } catch (error) {
    // Windows answers so while the file of the holder before is going away.
    if (codeOf(error) === 'EEXIST' || (codeOf(error) === 'EPERM' && read(path) !== undefined)) return false;
    throw error;
  }
  try {
    writeSync(descriptor, content);
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Undefined where there is none, empty where it is somebody else's. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : '';
  }
}

function isAbandoned(content: string, unchangedFor: number, context: LockContext): boolean {
  const holder = holderOf(content);
  if (holder === undefined) return unchangedFor > longestWriting;
  return unchangedFor > longestWork || isGone(holder, context.process);
}

/** Undefined for what another program wrote, or is about to write. */
function holderOf(content: string): Holder | undefined {
  try {
    const { pid, machine, began }: Record<string, unknown> = JSON.parse(content);
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || typeof machine !== 'string')
      return undefined;
    return { pid, machine, ...(typeof began === 'string' ? { began } : {}) };
  } catch {
    return undefined;
  }
}

/**
 * Several may find the same lock abandoned, and the first of them may hold a new one by now: that is put back. Where it
 * cannot be, its holder finds it gone and starts over.
 */
function breakLock(path: string, content: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if ((read(aside) ?? '') !== content) linkSync(aside, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(codeOf(error))) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function locked(path: string, content: string): RolesAnywhereError {
  const holder = holderOf(content);
  const by = holder === undefined ? '' : ` by process ${holder.pid}`;
  return new RolesAnywhereError('FILE_LOCKED', `${path} has been held${by} for half a minute`, {
    hints: ['remove the file if no program that writes credentials is running'],
  });
}
