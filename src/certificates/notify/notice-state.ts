import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { type FileLock, type LockContext, waitForLock } from '../../core/fs/file-lock.ts';
import { readFile } from '../../core/fs/read-file.ts';
import { readReason } from '../../core/fs/read-reason.ts';
import { removeIfThere, replaceFile } from '../../core/fs/replace-file.ts';
import { type DueCertificate, isRemembered } from './notice.ts';

/** What was told of a certificate: the last threshold, in milliseconds before its end. */
interface Told {
  readonly threshold: number;
  readonly notAfter: string;
}

/** By target, and by certificate. */
type ToldByTarget = Map<string, Map<string, Told>>;

const maxBytes = 64 * 1024 * 1024;

/** Who has been told of what: a file, so that the next run tells no one again. */
export class NoticeState {
  readonly #path: string;
  readonly #told: ToldByTarget;

  private constructor(path: string, told: ToldByTarget) {
    this.#path = path;
    this.#told = told;
  }

  /** @throws RolesAnywhereError FILE_FAILED */
  static async read(path: string): Promise<NoticeState> {
    return new NoticeState(path, parse(await contentOf(path), path));
  }

  /** Those of which the target has not been told at this threshold. */
  untold(target: string, due: readonly DueCertificate[]): readonly DueCertificate[] {
    const told = this.#told.get(keyOf(target));
    return due.filter(({ certificate, threshold }) => threshold < (told?.get(certificate.id)?.threshold ?? Infinity));
  }

  remember(target: string, due: readonly DueCertificate[]): void {
    const key = keyOf(target);
    const told = this.#told.get(key) ?? new Map<string, Told>();
    for (const { certificate, threshold } of due) {
      told.set(certificate.id, { threshold, notAfter: certificate.notAfter.toISOString() });
    }
    this.#told.set(key, told);
  }

  /** @throws RolesAnywhereError FILE_FAILED */
  async write(now: Date, lock: FileLock, sleep: LockContext['sleep']): Promise<void> {
    const entries = [...this.#told].map(([target, told]) => {
      const kept = [...told].filter(([, { notAfter }]) => isRemembered(new Date(notAfter), now));
      return [target, Object.fromEntries(kept)] as const;
    });
    const content = `${JSON.stringify({ version: 1, told: Object.fromEntries(entries) })}\n`;
    const how = { temporary: `${this.#path}.new`, sleep, mayReplace: () => lock.isHeld() };
    // Of one who was killed as it wrote: nobody else writes now.
    removeIfThere(how.temporary);
    const isWritten = await attempt(this.#path, 'written', () => replaceFile(this.#path, content, how));
    if (!isWritten) throw new RolesAnywhereError('FILE_LOCKED', `${this.#path} was taken over by another process`);
  }
}

/**
 * Runs `work` as the only process that tells anybody.
 *
 * @throws RolesAnywhereError FILE_LOCKED, FILE_FAILED; whatever the work throws
 */
export async function underLock<T>(
  path: string,
  context: LockContext,
  work: (lock: FileLock) => Promise<T>,
): Promise<T> {
  const lock = await attempt(path, 'locked', () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return waitForLock(`${path}.lock`, `${path}.lock`, context);
  });
  try {
    return await work(lock);
  } finally {
    lock.release();
  }
}

async function attempt<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof RolesAnywhereError) throw cause;
    const code = systemCodeOf(cause) ?? 'unknown reason';
    throw new RolesAnywhereError('FILE_FAILED', `${path} cannot be ${what}: ${code}`, { cause });
  }
}

/** An argument of a command may be a secret, and need not be known: only whether it is the same one. */
function keyOf(target: string): string {
  return createHash('sha256').update(target).digest('hex').slice(0, 32);
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, { bytes: maxBytes })).bytes.toString('utf8');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw new RolesAnywhereError('FILE_FAILED', `${path} cannot be read: ${readReason(cause)}`, { cause });
  }
}

function parse(text: string | undefined, path: string): ToldByTarget {
  if (text === undefined) return new Map();
  try {
    const { version, told }: { version: unknown; told: Readonly<Record<string, Readonly<Record<string, Told>>>> } =
      JSON.parse(text);
    if (version === 1)
      return new Map(Object.entries(told).map(([target, all]) => [target, new Map(Object.entries(all))]));
  } catch {
    // Said below.
  }
  throw new RolesAnywhereError('FILE_FAILED', `${path} is not what an earlier run has written`, {
    hints: ['remove it, and everybody is told once more'],
  });
}
