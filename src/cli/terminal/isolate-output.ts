import { closeSync, openSync } from 'node:fs';

/**
 * Leads descriptor 1 elsewhere: C libraries print there whenever they like, and what C's own buffer holds goes out as
 * the process exits. Not on Windows, where each library has descriptors of its own; and not where C functions cannot be
 * called, for then no library is loaded either.
 *
 * @returns a descriptor for where stdout was, for every caller the same
 */
export function isolateOutput(): Promise<number> {
  return (isolated ??= isolate());
}

let isolated: Promise<number> | undefined;

async function isolate(): Promise<number> {
  if (process.platform === 'win32') return 1;
  const { findFfi } = await import('../../ffi/find-ffi.ts');
  const ffi = await findFfi();
  if ('missing' in ffi) return 1;
  const { dup, dup2, fcntl } = ffi.openLibc({
    dup: { takes: ['i32'], gives: 'i32' },
    dup2: { takes: ['i32', 'i32'], gives: 'i32' },
    fcntl: { takes: ['i32', 'i32', 'i32'], gives: 'i32' },
  });
  // Programs that are run do not get it. macOS takes the arguments of fcntl another way, and Node closes it there.
  const output = process.platform === 'linux' ? fcntl(1, duplicateCloseOnExec, 3) : dup(1);
  if (output < 0) throw new Error(`descriptor 1 cannot be duplicated: errno ${ffi.errno()}`);
  const nowhere = openSync('/dev/null', 'a');
  dup2(nowhere, 1);
  closeSync(nowhere);
  return output;
}

/** F_DUPFD_CLOEXEC of Linux: a number that is free, from the third argument on. */
const duplicateCloseOnExec = 1030;
