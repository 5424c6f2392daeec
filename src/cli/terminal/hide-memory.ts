import { platform } from 'node:os';
import type { Ffi, MissingFfi } from '../../ffi/ffi.ts';

/** prctl(2), with its number on Linux. */
const functions = { prctl: { takes: ['i32', 'u64', 'u64', 'u64', 'u64'], gives: 'i32' } } as const;
const setDumpable = 4;

/**
 * Keeps what a process that lives on has in memory, keys and credentials, from other processes of its user (ptrace,
 * /proc/PID/mem and environ) and out of core dumps. On Linux; programs that it starts are as they would be.
 */
export function hideMemory(ffi: Ffi | MissingFfi, warn: (message: string) => void): void {
  if (platform() !== 'linux') return;
  if ('missing' in ffi) {
    warn(
      `other processes of this user, and core dumps, may show what this one has in memory: to hide it needs ${ffi.missing}`,
    );
    return;
  }
  if (ffi.openLibc(functions).prctl(setDumpable, 0, 0, 0, 0) === 0) return;
  warn(
    'other processes of this user, and core dumps, may show what this one has in memory: the system refuses to hide it',
  );
}
