import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, type Stats } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../../core/describe-error.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { AccessLists } from '../../core/fs/access-lists.ts';
import { type FileLock, type LockContext, waitForLock } from '../../core/fs/file-lock.ts';
import { readRegular } from '../../core/fs/read-descriptor.ts';
import { isHeld, removeIfThere, replaceFile } from '../../core/fs/replace-file.ts';
import { openTrustedFile, openTrustedPlace, type TrustedPlace } from '../../core/fs/trusted-place.ts';
import { findWriter } from './find-writer.ts';
import { keepAttributes } from './keep-attributes.ts';

/** What changing a file needs to know of the world. */
export interface ChangeContext extends LockContext {
  /** Whom this process acts as, where the system has numbers for that. */
  readonly userId: number | undefined;
  /** In the place of modes, on Windows. */
  readonly accessLists?: AccessLists | undefined;
}

/** Bytes. */
const maxBytes = 16 * 1024 * 1024;

/** Milliseconds after which a file that looks half written is taken to be whole, where nobody has it open. */
const settling = 2000;

/** Milliseconds for a program that has it open to write, and for all that programs change meanwhile. */
const giveUpAfter = 10_000;
const pause = 50;

/** Milliseconds for a program on Windows that has it open and does not share it. */
const longestHold = 500;

/** Undefined: there is no file. */
interface Content {
  readonly text: string;
  readonly stats: Stats | undefined;
}

/**
 * Changes a file under a lock, which every process that changes it this way takes: none undoes the change of another.
 * What programs that know nothing of the lock write meanwhile is changed in their place, never lost.
 *
 * Symbolic links are followed as far as they can be trusted; the file is made where there is none, and its folder too.
 *
 * @param change what is there, one character a byte, into what shall be there
 * @returns what there is to warn of, as the end of a sentence
 * @throws RolesAnywhereError FILE_FAILED, FILE_UNSAFE, FILE_LOCKED
 */
export async function changeFile(
  path: string,
  change: (text: string) => string,
  context: ChangeContext,
): Promise<readonly string[]> {
  const { userId, monotonic } = context;
  try {
    const place = openTrustedPlace(path, { userId, makeFolders: 'all', servesOthers: true });
    try {
      const start = monotonic();
      for (;;) {
        const warnings = await attempt(new Change(place, context), change, monotonic() - start);
        if (warnings !== undefined) return warnings;
        if (monotonic() - start > giveUpAfter) throw busy(place, 'is changed by another program all the time');
        if (platform() === 'win32') await context.sleep(pause);
      }
    } finally {
      place.close();
    }
  } catch (error) {
    throw fileFailure(path, error);
  }
}

/** @returns undefined where another attempt may do better: also for what another program has open for itself, on Windows */
async function attempt(
  one: Change,
  change: (text: string) => string,
  elapsed: number,
): Promise<readonly string[] | undefined> {
  try {
    return await one.make(change);
  } catch (error) {
    // What could not be moved has been tried for as long.
    if (!isHeld(error) || syscallOf(error) !== 'open' || elapsed > longestHold) throw error;
    return undefined;
  }
}

function syscallOf(error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? error.syscall : undefined;
}

/** One attempt. */
class Change {
  readonly #place: TrustedPlace;
  readonly #context: ChangeContext;

  constructor(place: TrustedPlace, context: ChangeContext) {
    this.#place = place;
    this.#context = context;
  }

  /** @returns undefined when somebody else has changed the file on the way: then nothing was done */
  async make(change: (text: string) => string): Promise<readonly string[] | undefined> {
    const name = this.#lockName();
    const lock = await waitForLock(join(this.#place.folder, name), join(this.#place.path, '..', name), this.#context);
    try {
      const before = await this.#readSettled();
      if (this.#lockName(before.text) !== name) return undefined;
      removeLeftovers(this.#place, this.#context);
      const changed = change(before.text);
      if (changed === before.text && before.stats !== undefined) return [];
      return await this.#replace(before, changed, lock);
    } finally {
      lock.release();
    }
  }

  /**
   * Where others may make files, too, one of them could take the name of a lock and keep it. What they cannot know is
   * what the file holds: each content has a lock of its own there, which counts for who finds that content under it.
   */
  #lockName(text?: string): string {
    const { name, isShared } = this.#place;
    if (!isShared) return `${name}.lock`;
    const digest = createHash('sha256').update(text ?? this.#read().text, 'latin1');
    const lockName = `.${name}.roles-anywhere-lock-${digest.digest('hex').slice(0, 32)}`;
    this.#checkLock(lockName);
    return lockName;
  }

  /** Where there is no file yet, others know what it holds. */
  #checkLock(name: string): void {
    const stats = lstatSync(join(this.#place.folder, name), { throwIfNoEntry: false });
    if (stats === undefined || stats.uid === this.#context.userId || stats.uid === 0) return;
    const shown = join(this.#place.path, '..', name);
    throw new RolesAnywhereError('FILE_UNSAFE', `the lock ${shown} belongs to another user (uid ${stats.uid})`, {
      hints: ['name a file in a folder that nobody else may write to'],
    });
  }

  #read(): Content {
    const file = openTrustedFile(this.#place, { userId: this.#context.userId, servesOthers: true });
    if (file === undefined) return { text: '', stats: undefined };
    try {
      return { text: readRegular(file.descriptor, file.stats, maxBytes).toString('latin1'), stats: file.stats };
    } finally {
      closeSync(file.descriptor);
    }
  }

  /** Waits for a program that has emptied the file to write it anew, as `aws configure` does, and to get to the end. */
  async #readSettled(): Promise<Content> {
    const { monotonic, sleep } = this.#context;
    const start = monotonic();
    let since = start;
    for (let content = this.#read(); ;) {
      const writer = isHalf(content) ? this.#writerOf(content, monotonic() - since) : undefined;
      if (writer === undefined) return content;
      if (monotonic() - start > giveUpAfter) throw busy(this.#place, `is being written${writer}`);
      await sleep(pause);
      const next = this.#read();
      if (!isSame(next, content)) since = monotonic();
      content = next;
    }
  }

  /** Who may be at work on a file that looks half written: ` by process 7`, or nobody in particular. */
  #writerOf({ stats }: Content, unchangedFor: number): string | undefined {
    if (stats === undefined) return undefined;
    if (Date.now() - stats.mtimeMs < settling && unchangedFor < settling) return '';
    const pid = findWriter(this.#place.path);
    return pid === undefined ? undefined : ` by process ${pid}`;
  }

  async #replace(before: Content, changed: string, lock: FileLock): Promise<readonly string[] | undefined> {
    const { folder, file, path } = this.#place;
    const name = `${temporaryPrefix(this.#place)}${randomUUID()}`;
    const { stats } = before;
    const warnings: string[] = [];
    const isReplaced = await replaceFile(file, Buffer.from(changed, 'latin1'), {
      temporary: join(folder, name),
      sleep: this.#context.sleep,
      mustBeNew: stats === undefined,
      accessLists: this.#context.accessLists,
      like: stats && file,
      prepare: async (descriptor) => {
        const lost = stats && (await keepAttributes(this.#place, stats, { descriptor, name }));
        if (lost !== undefined) warnings.push(lost);
      },
      mayReplace: () => lock.isHeld() && isSame(this.#read(), before),
    });
    if (!isReplaced) return undefined;
    syncFolder(folder);
    const others = (stats?.nlink ?? 1) - 1;
    if (others > 0)
      warnings.push(
        `the file had ${others === 1 ? 'another name' : `${others} other names`}, as hard links: what is read by them is not renewed`,
      );
    return warnings.map((warning) => warning.replaceAll(file, path));
  }
}

/** A file has a line break at its end; one without is cut off, or was written by hand. */
function isHalf({ text, stats }: Content): boolean {
  return stats !== undefined && !text.endsWith('\n');
}

/** Whether both are of one file with one content, whatever its dates say. */
function isSame(one: Content, other: Content): boolean {
  return one.stats?.ino === other.stats?.ino && one.stats?.dev === other.stats?.dev && one.text === other.text;
}

function temporaryPrefix({ name }: TrustedPlace): string {
  return `.${name}.roles-anywhere-`;
}

/**
 * Removes what writers left behind that were killed. Only for who holds the lock: any other writer is dead. Those of
 * others, in a folder that everybody may write to, are theirs.
 */
function removeLeftovers(place: TrustedPlace, { userId }: ChangeContext): void {
  const prefix = temporaryPrefix(place);
  const isLeftover = (name: string): boolean => name.startsWith(prefix) && !name.startsWith(`${prefix}lock-`);
  for (const name of readdirSync(place.folder).filter(isLeftover)) {
    const file = join(place.folder, name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats !== undefined && (!place.isShared || stats.uid === userId)) removeIfThere(file);
  }
}

/** The new name is on the disk when its folder is. Windows has nothing of the kind, and some file systems neither. */
function syncFolder(path: string): void {
  try {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The file itself is in place.
  }
}

function busy({ path }: TrustedPlace, how: string): RolesAnywhereError {
  return new RolesAnywhereError('FILE_LOCKED', `${path} ${how}`, { hints: ['try again when that program is done'] });
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; what the file held before is still there',
  EDQUOT: 'the quota is used up; what the file held before is still there',
  EFBIG:
    'it is larger than 16 MiB, or a limit on the size of files is too low (ulimit -f); what it held before is still there',
  EROFS: 'the file system is read-only',
  EACCES: 'its folder must be writable: the file is replaced, not overwritten',
  EPERM: 'its folder must be writable: the file is replaced, not overwritten',
  EBUSY: 'a file that is mounted by itself cannot be replaced: mount its folder',
};

const inTheWay =
  'it is as it was: it is read-only (attrib -r), or another program has kept it open for half a second, or its folder is not yours to write to';

/** There a file that is read-only, or that a program has open without sharing it, cannot be replaced. */
const hintsOnWindows: Readonly<Record<string, string>> = {
  EACCES: inTheWay,
  EPERM: inTheWay,
  EBUSY: inTheWay,
};

/** In words; what was thrown on purpose stays as it is. */
function fileFailure(path: string, cause: unknown): RolesAnywhereError {
  if (cause instanceof RolesAnywhereError) return cause;
  const code = systemCodeOf(cause) ?? describeError(cause).message;
  if (code === 'ELOOP')
    return new RolesAnywhereError('FILE_FAILED', `${path} is a circle of symbolic links`, { cause });
  const hint = { ...hints, ...(platform() === 'win32' && hintsOnWindows) }[code];
  return new RolesAnywhereError('FILE_FAILED', `cannot write ${path}: ${code}`, {
    cause,
    hints: hint === undefined ? [] : [hint],
  });
}
