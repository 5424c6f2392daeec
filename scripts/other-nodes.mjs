/**
 * Runs the tests on further versions of Node, fetched from the npm registry: `node scripts/other-nodes.mjs 22 24 26`.
 * The tests run the library on Bun and Deno too. With `--without-pure`, those of `pure` below are left out.
 */
import { join } from 'node:path';
import { fetchNode } from './lib/other-node.mjs';
import { fetchRuntimes } from './lib/other-runtimes.mjs';
import { root, run } from './lib/set-up.mjs';

/** What looks at the sources, or tries many inputs on code that asks nothing of Node: one version tells as much as four. */
const pure = [
  'test/architecture/**',
  'test/options/**',
  'test/packaging/**',
  'test/trust/**',
  'test/**/fuzz.test.ts',
  'test/**/worst-shapes.test.ts',
  'test/**/*.property.test.ts',
];

const withoutPure = process.argv.includes('--without-pure');
const versions = process.argv.slice(2).filter((argument) => argument !== '--without-pure');
const left = withoutPure ? pure.flatMap((files) => ['--exclude', files]) : [];

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('skipped: other versions of Node, which are fetched for Linux on x64 only');
} else {
  const env = { ...process.env, ...fetchRuntimes() };
  for (const version of versions) {
    const node = fetchNode(version);
    console.log(`\nNode ${version}${withoutPure ? `, without ${pure.join(', ')}` : ''}`);
    run(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...left], { env });
  }
}
