import { describeError } from '../../core/describe-error.ts';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';

/** A file that holds the token of the container endpoint, and what messages call the option that names it. */
export interface TokenFileOptions {
  readonly path: string;
  readonly option: string;
  /** Whom this process acts as, where the system has numbers for that: the file must be that user's, or root's. */
  readonly userId: number | undefined;
}

type Warn = (message: string) => void;

interface Surroundings {
  readonly warn: Warn;
  /** Milliseconds since some moment; never goes back. */
  readonly monotonic: () => number;
}

/** Milliseconds that an old token may still hold. A new one holds at once. */
const lookEvery = 1000;

/** Shorter ones can be guessed. */
const minLength = 16;

/**
 * Checks Authorization headers against the token of a file. Made with a token of its own, for its owner alone, when it
 * is not there; read again when it changes. Clients send the file's content as it is, so it has no line break.
 *
 * @throws RolesAnywhereError FILE_FAILED when it can be neither read nor made, FILE_UNSAFE when others may have written
 * it, OPTION_INVALID for a token too short
 */
export function openTokenFile(
  options: TokenFileOptions,
  surroundings: Surroundings,
): (authorization: string) => boolean {
  const { warn, monotonic } = surroundings;
  makeIfAbsent(options);
  let { seen, isToken } = readToken(options, warn);
  let lookedAt = monotonic();
  const look = (): void => {
    lookedAt = monotonic();
    const now = stampOf(statIfThere(options.path));
    if (now === seen) return;
    // Whatever is wrong with the new content, the old token holds until there is a good one.
    seen = now;
    try {
      ({ seen, isToken } = readToken(options, warn));
    } catch (error) {
      warn(`${describeError(error).message}; the one before still holds`);
    }
  };
  return (authorization) => {
    if (monotonic() - lookedAt >= lookEvery) look();
    if (isToken(authorization)) return true;
    // It may be a new one.
    look();
    return isToken(authorization);
  };
}

function makeIfAbsent({ path, option }: TokenFileOptions): void {
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeFileSync(file, randomBytes(32).toString('base64url'));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return;
    throw new RolesAnywhereError('FILE_FAILED', `${option}: cannot make ${resolve(path)}: ${codeOf(cause)}`, { cause });
  }
}

function readToken(options: TokenFileOptions, warn: Warn): { seen: string; isToken: (text: string) => boolean } {
  const { path, option, userId } = options;
  let content: string;
  let stats: Stats;
  try {
    ({ stats, content } = readOwn(options));
  } catch (cause) {
    if (cause instanceof RolesAnywhereError) throw cause;
    throw new RolesAnywhereError('FILE_FAILED', `${option}: cannot read ${resolve(path)}: ${codeOf(cause)}`, { cause });
  }
  const token = content.replace(/[\r\n]+$/, '');
  if (!/^[\x20-\x7e]*$/.test(token) || token.length < minLength) {
    throw new RolesAnywhereError(
      'OPTION_INVALID',
      `${option}: ${path} holds no token of at least ${minLength} printable ASCII characters`,
      { hints: ['remove the file to have one made'] },
    );
  }
  if (token.length !== content.length) {
    warn(`${path} ends in a line break, with which some SDKs refuse to send the token`);
  }
  // A group is how clients of another user get the token.
  if (userId !== undefined && (stats.mode & 0o007) !== 0) {
    warn(`${path} is open to every user (mode ${(stats.mode & 0o777).toString(8)})`);
  }
  return { seen: stampOf(stats), isToken: comparer(token) };
}

/** Links are followed, for that is how Kubernetes gives secrets; what they lead to must be ours alone to write. */
function readOwn({ path, option, userId }: TokenFileOptions): { readonly stats: Stats; readonly content: string } {
  // Without O_NONBLOCK a pipe put in its place would hold everything up.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    const fault = faultOf(stats, userId);
    if (fault !== undefined) {
      throw new RolesAnywhereError('FILE_UNSAFE', `${option}: ${path} ${fault}`, {
        hints: ['whoever writes the token gets the credentials: use a file that only you or root may write'],
      });
    }
    return { stats, content: readFileSync(file, 'utf8') };
  } finally {
    closeSync(file);
  }
}

function faultOf(stats: Stats, userId: number | undefined): string | undefined {
  if (!stats.isFile()) return 'is no regular file';
  if (userId === undefined) return undefined;
  if (stats.uid !== 0 && stats.uid !== userId) return `belongs to another user (uid ${stats.uid})`;
  return (stats.mode & 0o022) === 0 ? undefined : `may be written by others (mode ${(stats.mode & 0o777).toString(8)})`;
}

function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Differs whenever the file was written or replaced. */
function stampOf(stats: Stats | undefined): string {
  return stats === undefined ? 'absent' : `${stats.ino}/${stats.size}/${stats.mtimeMs}/${stats.ctimeMs}`;
}

/** Compares in a time that tells nothing of the token but its length, which is no secret. */
function comparer(token: string): (text: string) => boolean {
  const expected = Buffer.from(token, 'latin1');
  // Room for what clients send: a new buffer for each of them would be most of the work.
  const given = Buffer.alloc(expected.length);
  return (text) => {
    if (text.length !== expected.length) return false;
    given.write(text, 'latin1');
    return timingSafeEqual(given, expected);
  };
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
}
