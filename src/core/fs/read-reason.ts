import { systemCodeOf } from '../errno.ts';
import { codeInWords } from '../system-errors.ts';

const reasons: Readonly<Record<string, string>> = {
  EFBIG: 'it is too large to be what was meant',
  ETIMEDOUT: 'it is a pipe or a device that does not come to an end',
  ESTALE: 'it was replaced while it was read',
};

/** Why a file could not be read, after a colon: the words for what `readFile` throws, or else the system's code. */
export function readReason(error: unknown): string {
  const code = systemCodeOf(error) ?? 'unknown reason';
  return reasons[code] ?? codeInWords(code);
}
