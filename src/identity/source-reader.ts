import type { FileContent } from '../core/fs/read-file.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { ByteSource, ReadContext } from './identity.ts';
import { isSameSource } from './backends/sources.ts';
import { readSource } from './read-source.ts';

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
