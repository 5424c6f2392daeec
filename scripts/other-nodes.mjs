/**
 * Runs the tests on further versions of Node, fetched from the npm registry: `node scripts/other-nodes.mjs 22 24 26`.
 * The tests run the library on Bun and Deno too.
 */
import { join } from 'node:path';
import { fetchNode } from './lib/other-node.mjs';
import { fetchRuntimes } from './lib/other-runtimes.mjs';
import { root, run } from './lib/set-up.mjs';

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('skipped: other versions of Node, which are fetched for Linux on x64 only');
} else {
  const env = { ...process.env, ...fetchRuntimes() };
  for (const version of process.argv.slice(2)) {
    const node = fetchNode(version);
    console.log(`\nNode ${version}`);
    run(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run'], { env });
  }
}
