import { systemCodeOf } from '../errno.ts';
import { codeInWords } from '../system-errors.ts';

/** What the codes mean that `readFile` itself gives, said of the file. */
export const readFaults = {
  EFBIG: 'is too large to be what was meant',
  ETIMEDOUT: 'is a pipe or a device that does not come to an end',
  ESTALE: 'was replaced while it was read',
} as const;

const reasons: Readonly<Record<string, string>> = readFaults;

/** Why a file could not be read, after a colon: the words for what `readFile` throws, or else the system's code. */
export function readReason(error: unknown): string {
  const code = systemCodeOf(error) ?? 'unknown reason';
  const reason = reasons[code];
  return reason === undefined ? codeInWords(code) : `it ${reason}`;
}
