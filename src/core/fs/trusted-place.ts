import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { platform } from 'node:os';
import { isAbsolute, join, parse, resolve, sep } from 'node:path';
import { systemCodeOf } from '../errno.ts';
import { RolesAnywhereError } from '../errors.ts';
import type { AccessDoubt } from './access-doubt.ts';
import type { AccessLists } from './access-lists.ts';
import { readFlags } from './open-to-read.ts';

/** Whose files are trusted. */
export interface TrustOptions {
  /** Whom this process acts as: files must be that user's, or root's. Undefined where files have no owner, on Windows. */
  readonly userId: number | undefined;
  /** What says on Windows who may do what. */
  readonly accessLists?: AccessLists | undefined;
  /** Makes folders that are not there, for this user alone: all of them, or that of the file. */
  readonly makeFolders?: 'all' | 'last';
  /** Root may work on the file of another user in that user's folders, without following a link there. */
  readonly servesOthers?: boolean;
}

/** A name in a folder that nobody else can put something else in the place of, open until it is closed. */
export interface TrustedPlace {
  /** Where it is, its links resolved, for messages. */
  readonly path: string;
  /** The same place for the system, by way of the open folder where that can be. */
  readonly file: string;
  /** The folder, likewise. */
  readonly folder: string;
  readonly name: string;
  /** Others may make files in the folder too, and not touch ours, as in /tmp. */
  readonly isShared: boolean;
  /** Whether a user that is neither root nor this one owns the folder: see `servesOthers`. */
  readonly isForeign: boolean;
  close(): void;
}

/** As the kernel's own limit. */
const mostLinks = 40;

/** open(2): a folder to begin other paths at, without the right to read it. Node has no name for it. */
const openForPath = 0o10000000;

/**
 * Goes to a path one name after the other, and judges each on the way: a folder must be of this user or of root, and
 * nobody else may write to it, unless the sticky bit keeps everybody's files apart; a link must be of the same, in such
 * a folder. Each folder is opened below the one before and judged by its descriptor, so that nothing is looked up twice.
 *
 * A folder that others may change may be on the way to a real folder of this user, as that is held open: what others
 * put in its place later is somewhere else.
 *
 * @throws RolesAnywhereError FILE_UNSAFE; whatever the operating system throws: ENOENT, ENOTDIR, ELOOP
 */
export function openTrustedPlace(path: string, options: TrustOptions): TrustedPlace {
  const absolute = resolve(path);
  const walk = new Walk(parse(absolute).root, options);
  try {
    walk.follow(absolute.slice(parse(absolute).root.length));
    return walk.arrive();
  } catch (error) {
    walk.close();
    throw error;
  }
}

class Walk {
  readonly #options: TrustOptions;
  readonly #root: string;
  /** Of the folder that was reached. */
  #descriptor: number | undefined;
  #path: string;
  #stats!: Stats;
  /** Whether others may have put that folder where it is. */
  #isPutByOthers = false;
  #links = 0;
  #name = '';

  constructor(root: string, options: TrustOptions) {
    this.#options = options;
    this.#root = root;
    this.#path = root;
    this.#enter(root);
  }

  /** Goes on from the folder that was reached, to the last name of the path. */
  follow(path: string): void {
    const names = path.split(sep).filter((name) => name !== '' && name !== '.');
    const last = names.pop() ?? '.';
    for (const [at, name] of names.entries()) this.#step(name, at === names.length - 1);
    this.#name = last;
    const stats = this.#look(last);
    if (stats?.isSymbolicLink()) this.#followLink(last, stats);
  }

  arrive(): TrustedPlace {
    const doubt = this.#doubt();
    const isForeign = this.#isOfAnother() && !isOpen(this.#stats) && this.#mayServe();
    if (doubt !== undefined && !isForeign) throw doubt;
    return {
      path: join(this.#path, this.#name),
      file: this.#below(this.#name),
      folder: this.#here(),
      name: this.#name,
      isShared: this.#options.userId !== undefined && mayBePutByOthers(this.#stats),
      isForeign,
      close: () => this.close(),
    };
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #step(given: string, isLast: boolean): void {
    let name = given;
    const stats = this.#look(name);
    const { makeFolders } = this.#options;
    if (stats === undefined && (isLast ? makeFolders : makeFolders === 'all')) this.#make(this.#below(name));
    if (stats?.isSymbolicLink()) {
      this.#followLink(name, stats);
      name = this.#name;
    }
    const doubt = this.#doubt();
    const { uid } = this.#stats;
    const path = join(this.#path, name);
    this.#enter(this.#below(name));
    this.#path = path;
    if (doubt !== undefined && !this.#isKeptApart(uid)) throw doubt;
  }

  /** Another process may do the same at this moment; what it has made is judged like any other folder. */
  #make(path: string): void {
    const { accessLists } = this.#options;
    try {
      if (accessLists === undefined) mkdirSync(path, 0o700);
      else accessLists.makeFolder(path);
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    }
  }

  /** Whether the folder that was entered stays the same, whatever others do in the one above, and is for this user. */
  #isKeptApart(ownerAbove: number): boolean {
    const { uid } = this.#stats;
    return this.#descriptor !== undefined && (uid === this.#options.userId || (this.#mayServe() && uid === ownerAbove));
  }

  #followLink(name: string, { uid }: Stats): void {
    const path = join(this.#path, name);
    if (this.#isStranger(uid, mayBePutByOthers(this.#stats))) {
      throw new RolesAnywhereError('FILE_UNSAFE', `${path} is a symbolic link of another user (uid ${uid})`, {
        hints: ['name the file that it leads to, or run this as that user'],
      });
    }
    const doubt = this.#doubt();
    if (doubt !== undefined) throw doubt;
    this.#links += 1;
    if (this.#links > mostLinks) throw systemFault('ELOOP');
    const target = readlinkSync(this.#below(name));
    // On Windows that may be another drive.
    const { root } = parse(target);
    if (isAbsolute(target)) {
      this.#path = resolve(root);
      this.#enter(this.#path);
    }
    this.follow(target.slice(root.length));
  }

  #look(name: string): Stats | undefined {
    return lstatSync(this.#below(name), { throwIfNoEntry: false });
  }

  /** Opens a folder in the place of the one that was reached. */
  #enter(path: string): void {
    const descriptor = openFolder(path);
    this.#isPutByOthers = path !== this.#root && mayBePutByOthers(this.#stats);
    this.close();
    this.#descriptor = descriptor;
    this.#stats = descriptor === undefined ? lstatSync(path) : fstatSync(descriptor);
    if (!this.#stats.isDirectory()) throw systemFault('ENOTDIR');
  }

  #here(): string {
    return this.#descriptor === undefined ? this.#path : `/proc/self/fd/${this.#descriptor}`;
  }

  #below(name: string): string {
    return this.#descriptor === undefined ? join(this.#path, name) : `${this.#here()}/${name}`;
  }

  /** What is said against the folder that was reached. */
  #doubt(): RolesAnywhereError | undefined {
    const { userId, accessLists } = this.#options;
    if (userId === undefined) return againstFolder(this.#path, accessLists?.folderDoubt(this.#path));
    if (this.#isOfAnother()) return this.#unsafe(`belongs to another user (uid ${this.#stats.uid})`);
    if (!isOpen(this.#stats)) return undefined;
    return this.#unsafe(`may be written to by others (mode ${modeText(this.#stats.mode)})`);
  }

  #isOfAnother(): boolean {
    return this.#isStranger(this.#stats.uid, this.#isPutByOthers);
  }

  /**
   * Whether an owner is neither this user nor root. In a user namespace root may be one whom the kernel has no number
   * for, as every user outside may: such an owner passes for root where only root can have put a thing.
   */
  #isStranger(uid: number, isPutByOthers: boolean): boolean {
    const { userId } = this.#options;
    if (userId === undefined || uid === userId || uid === 0) return false;
    return isPutByOthers || uid !== ownerWithoutNumber();
  }

  #mayServe(): boolean {
    return this.#options.servesOthers === true && this.#options.userId === 0 && this.#descriptor !== undefined;
  }

  /** With what can be done about it, also by who is not root. */
  #unsafe(reason: string): RolesAnywhereError {
    const { uid } = this.#stats;
    const own = `name a file in a folder of your own, such as ${join(this.#path, 'roles-anywhere', this.#name)}`;
    const sticky = isOpen(this.#stats) ? [`have its owner (uid ${uid}) run chmod +t ${this.#path}`] : [];
    const closed = uid === this.#options.userId ? [`run chmod go-w ${this.#path}`] : [own, ...sticky];
    return new RolesAnywhereError('FILE_UNSAFE', `the folder ${this.#path} ${reason}`, { hints: closed });
  }
}

function againstList(what: string, doubt: AccessDoubt | undefined): RolesAnywhereError | undefined {
  if (doubt === undefined) return undefined;
  return new RolesAnywhereError('FILE_UNSAFE', `${what} ${doubt.text}`, { hints: [`run ${doubt.mending}`] });
}

/** Its list is not changed for one file in it: programs and users that nobody thinks of may live by it. */
function againstFolder(path: string, text: string | undefined): RolesAnywhereError | undefined {
  if (text === undefined) return undefined;
  return new RolesAnywhereError('FILE_UNSAFE', `the folder ${path} ${text}`, {
    hints: ['name a file in a folder that nobody else may change, such as one below %USERPROFILE%'],
  });
}

/** Undefined where there is no way to begin a path at a descriptor; then names must do. */
function openFolder(path: string): number | undefined {
  if (platform() !== 'linux') return undefined;
  const descriptor = openSync(path, openForPath | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  if (canPin(descriptor)) return descriptor;
  closeSync(descriptor);
  return undefined;
}

let pins: boolean | undefined;

/** Whether /proc is there. */
function canPin(descriptor: number): boolean {
  pins ??= lstatSync(`/proc/self/fd/${descriptor}`, { throwIfNoEntry: false }) !== undefined;
  return pins;
}

/** Whether others may replace what is in a folder: they may write to it, and no sticky bit keeps everybody's files apart. */
function isOpen(stats: Stats): boolean {
  return (stats.mode & 0o1000) === 0 && mayBePutByOthers(stats);
}

/**
 * Whether others may make something in a folder. The group that is named after the owner, or root's, is no other: many
 * systems give each user one, and new folders the mode 0775.
 */
function mayBePutByOthers({ mode, uid, gid }: Stats): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0 && gid !== uid);
}

/** What the kernel shows in place of owners that a user namespace has no number for; undefined where each has one. */
function ownerWithoutNumber(): number | undefined {
  try {
    const shown = Number(readFileSync('/proc/sys/kernel/overflowuid', 'latin1'));
    const rows = readFileSync('/proc/self/uid_map', 'latin1').trim().split('\n');
    const isMapped = rows.some((row) => {
      const [first = 0, , count = 0] = row.trim().split(/\s+/).map(Number);
      return first <= shown && shown < first + count;
    });
    return isMapped ? undefined : shown;
  } catch {
    return undefined;
  }
}

function systemFault(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'open' });
}

/** Four octal digits. */
function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/** An open file, and what it is. */
export interface TrustedFile {
  readonly descriptor: number;
  readonly stats: Stats;
}

/**
 * Opens the file of a place to read it: a regular one, of an owner who is trusted, that nobody else may write to.
 *
 * @returns undefined where there is none
 * @throws RolesAnywhereError FILE_UNSAFE; whatever the operating system throws
 */
export function openTrustedFile(place: TrustedPlace, options: TrustOptions): TrustedFile | undefined {
  const { userId, servesOthers, accessLists } = options;
  const descriptor = openIfThere(place);
  if (descriptor === undefined) return undefined;
  const stats = fstatSync(descriptor);
  const reason = whyNot(stats, place, userId, servesOthers === true && userId === 0);
  const fault =
    reason === undefined
      ? againstList(place.path, accessLists?.doubt(place.path, 'own'))
      : new RolesAnywhereError('FILE_UNSAFE', `${place.path} ${reason.text}`, { hints: reason.hints });
  if (fault === undefined) return { descriptor, stats };
  closeSync(descriptor);
  throw fault;
}

function openIfThere({ file, path }: TrustedPlace): number | undefined {
  try {
    return openSync(file, readFlags | constants.O_NOFOLLOW);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    // Made this very moment: it was none when its place was looked at.
    if (systemCodeOf(error) === 'ELOOP') throw new RolesAnywhereError('FILE_UNSAFE', `${path} is a symbolic link`);
    throw error;
  }
}

interface Reason {
  readonly text: string;
  readonly hints: readonly string[];
}

function whyNot(
  stats: Stats,
  { path, isShared, isForeign }: TrustedPlace,
  userId: number | undefined,
  isAnyOwner: boolean,
): Reason | undefined {
  const { uid, mode, nlink } = stats;
  if (!stats.isFile()) return { text: 'is no regular file', hints: [] };
  if (userId === undefined) return undefined;
  if (uid !== 0 && uid !== userId && (!isAnyOwner || isShared)) {
    return { text: `belongs to another user (uid ${uid})`, hints: ['run this as that user, or name another file'] };
  }
  if ((mode & 0o022) !== 0) {
    return { text: `may be written to by others (mode ${modeText(mode)})`, hints: [`run chmod go-w ${path}`] };
  }
  // Whoever may make files in the folder may have given a file of ours that name.
  if (nlink > 1 && (isShared || isForeign)) return { text: `is one of ${nlink} names of a file`, hints: [] };
  return undefined;
}
