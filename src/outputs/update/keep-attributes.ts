import { execFile } from 'node:child_process';
import { fchmodSync, fchownSync, fstatSync, type Stats } from 'node:fs';
import { platform } from 'node:os';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { TrustedPlace } from '../../core/fs/trusted-place.ts';

/** Milliseconds for a program that takes one. */
const longestCopy = 10_000;

/** A file that was written to take the place of another one. */
export interface Successor {
  readonly descriptor: number;
  /** In the same folder. */
  readonly name: string;
}

/**
 * Gives a file the owner, mode, access list and extended attributes of the one whose place it is to take, and nobody a
 * right more than that one gave.
 *
 * Node knows neither lists nor attributes, so on Linux `cp` of GNU coreutils copies them. Where it cannot, the new file
 * is for its owner alone: the group's bits of a file with a list are the list's mask (acl(5)), and as a mode would let
 * the group in.
 *
 * @returns what was lost, as the end of a sentence
 * @throws RolesAnywhereError FILE_UNSAFE where the owner cannot be kept
 */
export async function keepAttributes(
  place: TrustedPlace,
  before: Stats,
  { descriptor, name }: Successor,
): Promise<string | undefined> {
  const isCopied = platform() === 'linux' && (await copyAttributes(place, name));
  keepOwner(place, before, descriptor);
  if (isCopied) return undefined;
  const mode = before.mode & (platform() === 'linux' ? 0o700 : 0o777);
  fchmodSync(descriptor, mode);
  if (mode === (before.mode & 0o777)) return undefined;
  return 'it is for its owner alone now: its access list could not be kept, for want of cp of GNU coreutils';
}

/** In the folder that is held open, wherever its name leads by now. */
function copyAttributes({ folder, name }: TrustedPlace, successor: string): Promise<boolean> {
  const options = ['--attributes-only', '--no-dereference', '--preserve=mode,ownership,xattr'];
  return new Promise((settle) => {
    execFile(
      'cp',
      [...options, '--', `./${name}`, `./${successor}`],
      { cwd: folder, timeout: longestCopy, killSignal: 'SIGKILL' },
      (error) => settle(error === null),
    );
  });
}

function keepOwner({ path }: TrustedPlace, before: Stats, descriptor: number): void {
  const { uid, gid } = fstatSync(descriptor);
  if (uid === before.uid && gid === before.gid) return;
  try {
    fchownSync(descriptor, before.uid, before.gid);
  } catch (cause) {
    throw new RolesAnywhereError('FILE_UNSAFE', `${path} belongs to user ${before.uid} and group ${before.gid}`, {
      cause,
      hints: ['run update as that user, or change the owner of the file'],
    });
  }
}
