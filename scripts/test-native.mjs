/**
 * `npm run test:native [-- FILE …]`: builds the executable of this machine and runs the tests of the command on it, with those that are
 * its own. A test of something that only Node has says so by name.
 */
import { join } from 'node:path';
import { buildAll, installPackages, root, run } from './lib/set-up.mjs';
import { executableName, targetOfThisMachine } from './native/targets.mjs';

const target = targetOfThisMachine();
const suites = [
  'test/native',
  'test/e2e',
  'test/interop',
  'test/cli/command.test.ts',
  'test/aws/assume-role/command.test.ts',
];

const selection = process.argv.length > 2 ? process.argv.slice(2) : suites;

installPackages();
buildAll();
run(process.execPath, [join(root, 'scripts', 'build-native.mjs'), target]);
const env = { ...process.env, COMMAND_UNDER_TEST: join(root, 'dist-native', target, executableName(target)) };
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
run(process.execPath, [vitest, 'run', ...selection], { env });
