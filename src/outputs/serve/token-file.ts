import { describeError } from '../../core/describe-error.ts';
import { randomBytes } from 'node:crypto';
import { closeSync, lstatSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { readRegular } from '../../core/fs/read-descriptor.ts';
import { readReason } from '../../core/fs/read-reason.ts';
import type { AccessLists } from '../../core/fs/access-lists.ts';
import { createFile, linkAsNew, removeIfThere } from '../../core/fs/replace-file.ts';
import { openTrustedFile, openTrustedPlace, type TrustedPlace } from '../../core/fs/trusted-place.ts';
import { tokenCheck } from './container-routes.ts';

/** A file that holds the token of the container endpoint, and what messages call the option that names it. */
export interface TokenFileOptions {
  readonly path: string;
  readonly option: string;
  /** Whom this process acts as, where the system has numbers for that: the file must be that user's, or root's. */
  readonly userId: number | undefined;
  /** In the place of users and modes, on Windows. */
  readonly accessLists?: AccessLists | undefined;
}

type Warn = (message: string) => void;

interface Surroundings {
  readonly warn: Warn;
  /** Milliseconds since some moment; never goes back. */
  readonly monotonic: () => number;
}

/** Milliseconds that an old token may still hold. A new one holds at once. */
const lookEvery = 1000;

/** What was there and could not be read. It is tried again, as the reason may pass, but not for everybody who asks. */
interface FailedRead {
  readonly stamp: string;
  readonly at: number;
  readonly message: string;
}

/** No client sends a longer one. */
const maxBytes = 64 * 1024;

/** Shorter ones can be guessed. */
const minLength = 16;

/**
 * Checks Authorization headers against the token of a file. Made with a token of its own, for its owner alone, when it
 * is not there, and so is its folder; read again when it changes, and taken back when it is removed. Clients send the file's content as it is, so it has no line break.
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
  let failed: FailedRead | undefined;
  const look = (): void => {
    lookedAt = monotonic();
    const stamp = stampAt(options.path);
    if (stamp === failed?.stamp && lookedAt - failed.at < lookEvery) return;
    if (stamp === seen) {
      failed = undefined;
      return;
    }
    if (stamp === absent) {
      seen = absent;
      isToken = () => false;
      warn(`${options.path} is gone, and its token with it: nobody is let in until the file is there again`);
      return;
    }
    try {
      ({ seen, isToken } = readToken(options, warn));
      failed = undefined;
    } catch (error) {
      const { message } = describeError(error);
      // Whatever is wrong with the new content, the old token holds until there is a good one.
      const then = seen === absent ? 'nobody is let in' : 'the one before still holds';
      if (message !== failed?.message) warn(`${message}; ${then}`);
      failed = { stamp, at: lookedAt, message };
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

function makeIfAbsent({ path, option, userId, accessLists }: TokenFileOptions): void {
  try {
    const place = openTrustedPlace(path, { userId, accessLists, makeFolders: 'last' });
    try {
      if (lstatSync(place.file, { throwIfNoEntry: false }) === undefined) makeToken(place, accessLists);
    } finally {
      place.close();
    }
  } catch (cause) {
    throw failure(`${option}: `, `cannot make ${resolve(path)}`, cause);
  }
}

/** Whole or not at all, as another process may read it at this moment; of two that make one, both use the first. */
function makeToken({ folder, file, name }: TrustedPlace, accessLists: AccessLists | undefined): void {
  const temporary = join(folder, `.${name}.${randomBytes(6).toString('hex')}`);
  createFile(temporary, randomBytes(32).toString('base64url'), accessLists);
  try {
    linkAsNew(temporary, file);
  } finally {
    removeIfThere(temporary);
  }
}

/** What was thrown on purpose says which option it is about, too. */
function failure(origin: string, what: string, cause: unknown): RolesAnywhereError {
  if (!(cause instanceof RolesAnywhereError)) {
    return new RolesAnywhereError('FILE_FAILED', `${origin}${what}: ${readReason(cause)}`, { cause });
  }
  const hints = ['whoever writes the token gets the credentials', ...cause.hints];
  return new RolesAnywhereError(cause.code, `${origin}${cause.message}`, { cause, hints });
}

function readToken(options: TokenFileOptions, warn: Warn): { seen: string; isToken: (text: string) => boolean } {
  const { path, option, userId, accessLists } = options;
  let content: string;
  let stats: Stats;
  try {
    ({ stats, content } = readOwn(options));
  } catch (cause) {
    throw failure(`${option}: `, `cannot read ${resolve(path)}`, cause);
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
  const doubt = accessLists?.doubt(path, 'closed');
  if (doubt !== undefined) warn(`${path} ${doubt.text}: ${doubt.mending}`);
  return { seen: stampOf(stats), isToken: tokenCheck(token) };
}

/** Links are followed, for that is how Kubernetes gives secrets; what they lead to must be ours alone to write. */
function readOwn({ path, userId, accessLists }: TokenFileOptions): {
  readonly stats: Stats;
  readonly content: string;
} {
  const place = openTrustedPlace(path, { userId, accessLists });
  try {
    const file = openTrustedFile(place, { userId, accessLists });
    if (file === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    try {
      return { stats: file.stats, content: readRegular(file.descriptor, file.stats, maxBytes).toString() };
    } finally {
      closeSync(file.descriptor);
    }
  } finally {
    place.close();
  }
}

const absent = 'absent';

function stampAt(path: string): string {
  try {
    return stampOf(statSync(path));
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown';
    return code === 'ENOENT' ? absent : code;
  }
}

/** Differs whenever the file was written or replaced. */
function stampOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino}/${size}/${mtimeMs}/${ctimeMs}`;
}
