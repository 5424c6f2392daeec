import { isAbsolute, resolve } from 'node:path';
import { looksLikeContent } from '../core/looks-like-content.ts';
import type { ByteSource } from './identity.ts';
import { Problem } from './problem.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: part of the path is no directory',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a directory',
  EBADF: 'is not open',
};

/** What the operating system said, in words. */
export function explainReadFailure(error: unknown, source: ByteSource): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isHome = code === 'ENOENT' && source.kind === 'file' && source.path.startsWith('~');
  const where = source.kind === 'file' && ['ENOENT', 'ENOTDIR'].includes(code) ? absolutely(source.path) : '';
  return new Problem((reasons[code] ?? `cannot be read (${code})`) + where, undefined, {
    cause: error,
    hints: isHome ? ['write the path in full: only a shell expands ~'] : [],
  });
}

/** Where a relative path was looked for, which depends on who started the process. */
function absolutely(path: string): string {
  return isAbsolute(path) || looksLikeContent(path) ? '' : ` (${resolve(path)})`;
}
