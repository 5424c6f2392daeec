/** Whoever builds the executable out of the same source gets the same bytes: what SHA256SUMS says of it can be checked by building. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { executable, root } from '../support/command.ts';

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** A checkout of what is here, in another folder: packages as links to the same files, and the Bun that was fetched. */
async function checkOut(to: string): Promise<void> {
  for (const name of ['src', 'scripts', 'package.json']) cpSync(join(root, name), join(to, name), { recursive: true });
  mkdirSync(join(to, '.cache'));
  const fetched = readdirSync(join(root, '.cache')).filter((name) => name.startsWith('bun-'));
  for (const name of fetched) symlinkSync(join(root, '.cache', name), join(to, '.cache', name));
  await promisify(execFile)('cp', ['-al', join(root, 'node_modules'), to], { timeout: 240_000 });
}

test(
  'built again in another folder, it is the same bytes',
  { skip: executable === undefined, timeout: 560_000 },
  async () => {
    const path = executable ?? '';
    const target = basename(dirname(path));
    const again = mkdtempSync(join(root, '.cache', 'built-again-'));
    try {
      await checkOut(again);
      const script = join(again, 'scripts', 'build-native.mjs');
      await promisify(execFile)(process.execPath, [script, target], { cwd: again, timeout: 550_000 });
      expect(sha256(join(again, 'dist-native', target, basename(path)))).toBe(sha256(path));
      expect(readFileSync(join(again, 'dist-native', 'SHA256SUMS'), 'utf8')).toContain(sha256(path));
    } finally {
      rmSync(again, { recursive: true, force: true });
    }
  },
);
