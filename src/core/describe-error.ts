import { RolesAnywhereError } from './errors.ts';
import { systemCodeOf } from './errno.ts';
import { codeInWords } from './system-errors.ts';

/** What a log may say of an error. */
export interface ErrorDescription {
  readonly code: string;
  readonly message: string;
}

/**
 * Code and message of an error that was thrown on purpose. Any other one may quote what it was given, a private key
 * included: of that the system's code (`ENOENT`, and what it means where users need not know: `EMFILE: …`) is enough, or
 * else the name (`TypeError`).
 */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof RolesAnywhereError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: ofSystem(error) ?? nameOf(error) };
}

function ofSystem(error: unknown): string | undefined {
  const code = systemCodeOf(error);
  return code === undefined ? undefined : codeInWords(code);
}

/** Name and code are anybody's to set too: what does not look like one is not told. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return /^\w{1,64}$/.test(error.name) ? error.name : 'Error';
}
