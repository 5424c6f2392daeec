/**
 * Runs the tests of who gets into `serve`, and of raw sockets, on the Bun of the executables, whose HTTP server is not
 * Node's: `npm run test:bun`. Half a minute.
 */
import { join } from 'node:path';
import { root, run } from './lib/set-up.mjs';
import { fetchBun } from './native/fetch-bun.mjs';
import { targetOfThisMachine } from './native/targets.mjs';

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const files = ['guard', 'http-server', 'security', 'unix-socket', 'allow-uid'];
const tests = files.map((name) => `test/outputs/serve/${name}.test.ts`);
run(fetchBun(targetOfThisMachine()), ['--bun', vitest, 'run', ...tests]);
