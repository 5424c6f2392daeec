import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RolesAnywhereError } from '../core/errors.ts';

/** The sandbox's folder of files, private to the user. */
export interface SandboxFiles {
  /**
   * Writes a file whole, with mode 0600, over one of the same name.
   * @returns its path
   * @throws RolesAnywhereError FILE_FAILED
   */
  write(name: string, text: string): string;
  /** Removes what was written, and the folder too where it was made for it. */
  remove(): void;
}

/**
 * Opens a folder of the user's, or a temporary one.
 * @throws RolesAnywhereError FILE_FAILED
 */
export function openFiles(directory: string | undefined): SandboxFiles {
  const folder = directory === undefined ? makeTemporaryFolder() : useFolder(directory);
  const written = new Set<string>();
  return {
    write: (name, text) => {
      const path = join(folder, name);
      // Another sandbox may be at work on the same file.
      const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
      attempt(`write ${path}`, () => {
        try {
          writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
          renameSync(draft, path);
        } finally {
          rmSync(draft, { force: true });
        }
      });
      written.add(path);
      return path;
    },
    remove: () => {
      if (directory === undefined) rmSync(folder, { recursive: true, force: true });
      else for (const path of written) rmSync(path, { force: true });
    },
  };
}

function makeTemporaryFolder(): string {
  return attempt('make a temporary folder', () => mkdtempSync(join(tmpdir(), 'roles-anywhere-sandbox-')));
}

function useFolder(directory: string): string {
  attempt(`make the folder ${directory}`, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  return resolve(directory);
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new RolesAnywhereError('FILE_FAILED', `the sandbox cannot ${what}: ${detail}`, { cause });
  }
}
