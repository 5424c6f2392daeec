/**
 * Runs the tests of `serve` that go through its HTTP server and its sockets on the Bun of the executables, whose are not
 * Node's: `npm run test:bun`. Three quarters of a minute.
 */
import { join } from 'node:path';
import { root, run } from './lib/set-up.mjs';
import { fetchBun } from './native/fetch-bun.mjs';
import { targetOfThisMachine } from './native/targets.mjs';

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const files = ['guard', 'http-server', 'security', 'unix-socket', 'allow-uid', 'peer-check', 'start-serving'];
const tests = files.map((name) => `test/outputs/serve/${name}.test.ts`);
run(fetchBun(targetOfThisMachine()), ['--bun', vitest, 'run', ...tests]);
