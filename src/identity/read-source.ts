import type { ErrorCode } from '../core/errors.ts';
import { type FileContent, readFile } from '../core/fs/read-file.ts';
import type { ByteSource, ReadContext } from './identity.ts';
import { naming, Problem } from './problem.ts';

/** Certificates, chains and keys are kilobytes; whatever is larger was meant for something else. */
export const maxSourceBytes = 1024 * 1024;

/**
 * Reads a source to its end, at most 1 MiB.
 *
 * @param code of the error when that fails: CERTIFICATE_UNREADABLE, CHAIN_UNREADABLE, KEY_UNREADABLE or PASSWORD_UNREADABLE
 */
export function readSource(source: ByteSource, code: ErrorCode, context: ReadContext): Promise<FileContent> {
  return naming(source, code, async () => {
    const found = await readOrExplain(source, context);
    // The empty password is one.
    if (found.bytes.length === 0 && code !== 'PASSWORD_UNREADABLE') throw new Problem('is empty');
    return found;
  });
}

/** Files are on the hot path of every call. */
async function readOrExplain(source: ByteSource, context: ReadContext): Promise<FileContent> {
  const limits = { bytes: maxSourceBytes, signal: context.signal };
  try {
    if (source.kind === 'file') return await readFile(source.path, limits);
    return await (await import('./read-other-source.ts')).readOtherSource(source, context, limits);
  } catch (error) {
    throw (await import('./explain-read-failure.ts')).explainReadFailure(error, source, context);
  }
}
