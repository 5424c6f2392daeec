import { isAbsolute, resolve } from 'node:path';
import { systemCodeOf } from '../core/errno.ts';
import { readFaults } from '../core/fs/read-reason.ts';
import { codeInWords, systemFactsOf } from '../core/system-errors.ts';
import { looksLikeContent } from '../core/looks-like-content.ts';
import type { ByteSource, ReadContext } from './identity.ts';
import { Problem } from './problem.ts';

const reasons: Readonly<Record<string, string>> = {
  ...readFaults,
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: part of the path is no directory',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a directory',
  EBADF: 'is not open',
  EFBIG: 'is larger than 1 MiB',
};

/** What the operating system said, in words; what was thrown on purpose as it is, and why the wait was ended. */
export function explainReadFailure(error: unknown, source: ByteSource, { signal }: ReadContext): unknown {
  if (error instanceof Problem) return error;
  return signal?.aborted === true ? signal.reason : problemOf(error, source);
}

function problemOf(error: unknown, source: ByteSource): Problem {
  const code = systemCodeOf(error) ?? 'unknown';
  const isHome = code === 'ENOENT' && source.kind === 'file' && source.path.startsWith('~');
  const where = source.kind === 'file' && ['ENOENT', 'ENOTDIR'].includes(code) ? absolutely(source.path) : '';
  return new Problem((reasons[code] ?? `cannot be read (${codeInWords(code)})`) + where, undefined, {
    cause: error,
    hints: isHome ? ['write the path in full: only a shell expands ~'] : hintsOf(code),
  });
}

function hintsOf(code: string): readonly string[] {
  const hint = systemFactsOf(code)?.hint;
  return hint === undefined ? [] : [hint];
}

/** Where a relative path was looked for, which depends on who started the process. */
function absolutely(path: string): string {
  return isAbsolute(path) || looksLikeContent(path) ? '' : ` (${resolve(path)})`;
}
