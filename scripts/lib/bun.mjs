/** Bun, from the npm registry: the library runs on it too. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './set-up.mjs';

const version = '1.4.5';

/** Installs Bun below .cache, once, and returns its executable. Linux on x64. */
export function fetchBun() {
  const folder = join(root, '.cache', `bun-${version}`);
  const executable = join(folder, 'node_modules', '@oven', 'bun-linux-x64', 'bin', 'bun');
  if (existsSync(executable)) return executable;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit', `@oven/bun-linux-x64@${version}`], { cwd: folder });
  return executable;
}
