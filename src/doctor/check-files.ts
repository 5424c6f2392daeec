import { constants, statSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { systemCodeOf } from '../core/errno.ts';
import { openTrustedPlace } from '../core/fs/trusted-place.ts';
import { looksLikeContent } from '../core/looks-like-content.ts';
import { RolesAnywhereError } from '../core/errors.ts';
import { secretsOf } from '../identity/identity-secrets.ts';
import type { IdentitySource } from '../identity/identity.ts';
import { failed, pass, skip, warn } from './finding.ts';
import type { Check, Subject } from './examination.ts';
import type { Finding } from './report.ts';

/** A file, and whether others may read it. */
interface NamedFile {
  readonly option: string;
  readonly path: string;
  readonly isSecret: boolean;
}

/** Modes and owners of the files that are read. That one is missing or broken is told where it is needed. */
export const checkFiles: Check = {
  name: 'files',
  run({ subject }) {
    const files = filesOf(subject);
    if (files.length === 0) return [skip('no file is read')];
    const userId = userIdOf();
    const hasOwners = userId !== undefined && 'O_NOFOLLOW' in constants;
    if (!hasOwners) return [skip('files have neither modes nor owners here that could be judged')];
    return files.flatMap((file) => judge(file, userId));
  },
};

function filesOf({ identity, request }: Subject): readonly NamedFile[] {
  const caBundle = request?.network.caBundle;
  return [
    ...(identity !== undefined && 'certificate' in identity && !('signer' in identity) ? ofIdentity(identity) : []),
    ...(caBundle === undefined ? [] : [{ ...caBundle, isSecret: false }]),
  ];
}

function ofIdentity(identity: IdentitySource): readonly NamedFile[] {
  const { certificate, privateKey = certificate, intermediates } = identity;
  const asFile = (source: object, isSecret: boolean): NamedFile[] =>
    'path' in source && 'option' in source
      ? [{ path: String(source.path), option: String(source.option), isSecret }]
      : [];
  const isCombined = privateKey === certificate;
  const found = [
    ...(isCombined ? [] : asFile(certificate, false)),
    ...asFile(privateKey, true),
    ...(intermediates === undefined ? [] : asFile(intermediates, false)),
    ...secretsOf(identity).flatMap((secret) => asFile(secret, true)),
  ];
  return found.filter(({ path }) => !looksLikeContent(path));
}

/** Undefined on Windows, and for a user whom the system has no entry for. */
function userIdOf(): number | undefined {
  try {
    const { uid } = userInfo();
    return uid === -1 ? undefined : uid;
  } catch {
    return undefined;
  }
}

/** Why there are none, in words: whoever opens the file fails for that. */
function statsOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    const code = systemCodeOf(error);
    return code === 'ENOENT' ? 'is not there' : `cannot be looked at (${code})`;
  }
}

function judge(file: NamedFile, userId: number): readonly Finding[] {
  const { option } = file;
  const path = resolve(file.path);
  const stats = statsOf(path);
  if (typeof stats === 'string') return [skip(`${option}: ${path} ${stats}`)];
  if (!stats.isFile()) return [skip(`${option}: ${path} is no regular file`)];
  const faults = [
    ...modeFaults({ ...file, path }, stats),
    ...ownerFaults({ ...file, path }, stats, userId),
    ...placeFaults(path, userId),
  ];
  const facts = `mode ${modeText(stats)}, owner ${stats.uid}`;
  return faults.length > 0 ? faults : [pass(`${option}: ${path}, ${facts}`)];
}

const modeText = ({ mode }: Stats): string => (mode & 0o777).toString(8).padStart(4, '0');

function modeFaults({ option, path, isSecret }: NamedFile, stats: Stats): readonly Finding[] {
  const isRead = isSecret && (stats.mode & 0o044) !== 0;
  const isWritten = (stats.mode & 0o022) !== 0;
  if (!isRead && !isWritten) return [];
  const rights = [isRead ? ['read'] : [], isWritten ? ['write'] : []].flat().join(' and ');
  const mode = isSecret ? '600' : 'go-w';
  return [
    warn('file-mode', `${option}: others may ${rights} ${path} (mode ${modeText(stats)})`, `chmod ${mode} ${path}`),
  ];
}

function ownerFaults({ option, path }: NamedFile, { uid }: Stats, userId: number): readonly Finding[] {
  if (uid === userId || uid === 0) return [];
  const message = `${option}: ${path} belongs to another user (uid ${uid}), who can change it; this is uid ${userId}`;
  return [warn('file-owner', message, `let uid ${userId} or root own it`)];
}

/** The folders and links on the way to it. */
function placeFaults(path: string, userId: number): readonly Finding[] {
  try {
    openTrustedPlace(path, { userId }).close();
    return [];
  } catch (error) {
    return error instanceof RolesAnywhereError ? [failed(error, 'WARN')] : [];
  }
}
