import type { ErrorCode } from '../core/errors.ts';
import type { FileContent } from '../core/fs/read-descriptor.ts';
import { readFile } from '../core/fs/read-file.ts';
import { isSameSource } from './backends/sources.ts';
import type { ByteSource, ReadContext, SecretSource } from './identity.ts';
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

/**
 * Reads a password or PIN into a buffer that the caller wipes. Of a file or descriptor one line break at the end is
 * left out, as `echo` adds it. What holds nothing gives the empty password.
 *
 * @throws RolesAnywhereError PASSWORD_UNREADABLE
 */
export async function readSecret(source: SecretSource, context: ReadContext): Promise<Buffer> {
  if (source.kind === 'value') return Buffer.from(source.value, 'utf8');
  const { bytes } = await readSource(source, 'PASSWORD_UNREADABLE', context);
  return withoutLineBreak(bytes);
}

const newline = 0x0a;
const carriageReturn = 0x0d;

function withoutLineBreak(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== newline) return bytes;
  return bytes.subarray(0, bytes.at(-2) === carriageReturn ? -2 : -1);
}

/** Reads the sources of one identity, each of them once: what stdin gave is not there a second time. */
export interface SourceReader {
  /** As `readSource`; the same object for the same source. */
  read(source: ByteSource, code: ErrorCode): Promise<FileContent>;
  /** Overwrites everything that was read: private keys are among it. */
  wipe(): void;
}

export function sourceReader(context: ReadContext): SourceReader {
  const found: { readonly source: ByteSource; readonly result: FileContent }[] = [];
  return {
    async read(source, code) {
      const known = found.find((entry) => isSameSource(entry.source, source));
      if (known !== undefined) return known.result;
      const result = await readSource(source, code, context);
      found.push({ source, result });
      return result;
    },
    wipe() {
      for (const { result } of found) result.bytes.fill(0);
    },
  };
}
