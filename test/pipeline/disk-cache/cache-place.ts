import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CacheFolder } from '../../../src/pipeline/disk-cache/cache-folder.ts';

/** A folder for a cache, not there yet, below one that is removed again. */
export function cachePlace(): { readonly folder: CacheFolder; remove(): void } {
  const parent = mkdtempSync(join(tmpdir(), 'roles-anywhere-cache-'));
  return {
    folder: { path: join(parent, 'cache'), option: '--cache-dir', userId: process.geteuid?.() },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

/** Whether a process is there. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
