import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { RolesAnywhereError } from './errors.ts';
import { systemCodeOf } from './errno.ts';

/**
 * Loads a part of this package for a process that lives on. Node 20 remembers for the life of the process that an
 * `import()` failed; so it is not begun while there are too few descriptors left for the files it reads at once.
 *
 * @param load an `import()` of a file of this package
 * @throws RolesAnywhereError PACKAGE_UNREADABLE
 */
export async function loadPart<Part>(load: () => Promise<Part>): Promise<Part> {
  try {
    expectDescriptors();
    return await load();
  } catch (error) {
    throw loadFailure(error);
  }
}

/** What Node reads at once, with the four threads that it has for that. */
const enough = 32;

/** @throws EMFILE, ENFILE */
function expectDescriptors(): void {
  const opened: number[] = [];
  try {
    while (opened.length < enough) opened.push(openSync(devNull, 'r'));
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** Errors of Node where a file of this package is gone, or of another version than those that were loaded before. */
const changed: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/**
 * Whether an error that nobody threw on purpose comes of an `import()` on the way: it may be read late, out of a package
 * that was upgraded or removed meanwhile.
 */
export function isLoadFailure(error: unknown): boolean {
  if (error instanceof RolesAnywhereError) return false;
  const code = systemCodeOf(error);
  if (changed.has(code) || error instanceof SyntaxError) return true;
  return code !== undefined && error instanceof Error && 'path' in error && /\.c?js$/.test(String(error.path));
}

/**
 * What a machine or a process runs out of when it opens files, in the words of src/core/system-errors.ts. That is not
 * loaded with the library, and cannot be any more when this is needed.
 */
const exhausted: Readonly<Record<string, string>> = {
  EMFILE: 'this process has as many files and sockets open as it may',
  ENFILE: 'this machine has as many files and sockets open as it can',
  ENOMEM: 'there is no memory left',
};

/** A failed `import()`, named. */
export function loadFailure(cause: unknown): RolesAnywhereError {
  const code = systemCodeOf(cause);
  const hint = exhausted[code ?? ''];
  if (hint !== undefined) return failure(`a part of this package cannot be loaded now (${code})`, cause, [hint]);
  const name = code ?? (cause instanceof Error ? cause.name : typeof cause);
  return failure(`a part of this package cannot be loaded: the package changed on disk: restart (${name})`, cause, [
    'an upgrade replaces files that a process has not read yet',
  ]);
}

function failure(message: string, cause: unknown, hints: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError('PACKAGE_UNREADABLE', message, { cause, hints });
}
