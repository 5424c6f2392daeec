import { RolesAnywhereError } from '../../core/errors.ts';

/** What the operating system calls a failure: ENOENT. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; what the file held before is still there',
  EDQUOT: 'the quota is used up; what the file held before is still there',
  EFBIG: 'a limit on the size of files is too low (ulimit -f); what the file held before is still there',
  EROFS: 'the file system is read-only',
  EACCES: 'its folder must be writable: the file is replaced, not overwritten',
  EPERM: 'its folder must be writable: the file is replaced, not overwritten',
  EBUSY: 'a file that is mounted by itself cannot be replaced: mount its folder',
};

/** In words; what was thrown on purpose stays as it is. */
export function fileFailure(path: string, cause: unknown): RolesAnywhereError {
  if (cause instanceof RolesAnywhereError) return cause;
  const code = codeOf(cause);
  const hint = hints[code];
  return new RolesAnywhereError('FILE_FAILED', `cannot write ${path}: ${code}`, {
    cause,
    hints: hint === undefined ? [] : [hint],
  });
}
