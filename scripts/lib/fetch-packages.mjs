/** Tools from the npm registry that are no part of a development installation. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './set-up.mjs';

/**
 * Installs packages below .cache, once, and returns the folder.
 *
 * @param name of the folder, besides what it must hold
 * @param packages name -> version
 * @param flags of npm: for which system
 */
export function fetchPackages(name, packages, flags = []) {
  const wanted = Object.entries(packages).map(([each, version]) => `${each}@${version}`);
  const digest = createHash('sha256').update(wanted.join(' ')).digest('hex').slice(0, 8);
  const folder = join(root, '.cache', `${name}-${digest}`);
  const done = join(folder, 'complete');
  if (existsSync(done)) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-save', '--no-fund', '--no-audit', '--loglevel=error'];
  run('npm', ['install', ...quiet, ...flags, ...wanted], { cwd: folder });
  writeFileSync(done, '');
  return folder;
}
