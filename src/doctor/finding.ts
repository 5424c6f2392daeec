import { describeError } from '../core/describe-error.ts';
import { RolesAnywhereError } from '../core/errors.ts';
import type { Finding } from './report.ts';

export function pass(message: string): Finding {
  return { status: 'PASS', message, hints: [] };
}

export function skip(message: string): Finding {
  return { status: 'SKIP', message, hints: [] };
}

export function warn(cause: string, message: string, ...hints: readonly string[]): Finding {
  return { status: 'WARN', cause, message, hints };
}

export function fail(cause: string, message: string, ...hints: readonly string[]): Finding {
  return { status: 'FAIL', cause, message, hints };
}

/** An error as a finding. Of one that was not thrown on purpose the message may quote a key, and stays out. */
export function failed(error: unknown, status: 'FAIL' | 'WARN' = 'FAIL'): Finding {
  const { code, message } = describeError(error);
  if (!(error instanceof RolesAnywhereError)) {
    return { status, cause: code, message: `this is a defect of roles-anywhere (${message})`, hints: [] };
  }
  return { status, cause: error.causeName ?? code, message, hints: error.hints };
}
