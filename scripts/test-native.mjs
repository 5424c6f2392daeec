/**
 * `npm run test:native [-- FILE …]`: builds the executable of this machine and runs the tests of the command on it, with those that are
 * its own. A test of something that only Node has says so by name.
 *
 * With all of them, or when test/native/other-machines.test.ts is named, those for other machines are built and started, too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll, installPackages, root, run } from './lib/set-up.mjs';
import { canStartOthers, otherTargets, startersOfOthers } from './native/other-machines.mjs';
import { executableName, targetOfThisMachine } from './native/targets.mjs';

const target = targetOfThisMachine();
const suites = [
  'test/native',
  'test/e2e',
  'test/interop',
  'test/cli/command.test.ts',
  'test/aws/assume-role/command.test.ts',
  'test/doctor/command.test.ts',
  'test/certificates/process.test.ts',
];

const selection = process.argv.length > 2 ? process.argv.slice(2) : suites;

const withOthers = selection.some((path) => /^test\/native(?:$|\/other)/.test(path)) && canStartOthers();
const pathOf = (each) => join(root, 'dist-native', each, executableName(each));

installPackages();
buildAll();
const targets = withOthers ? [target, ...otherTargets, 'darwin-x64'] : [target];
run(process.execPath, [join(root, 'scripts', 'build-native.mjs'), ...targets]);
const libraries = mkdtempSync(join(tmpdir(), 'roles-anywhere-libraries-'));
process.once('exit', () => rmSync(libraries, { recursive: true, force: true }));
const env = {
  ...process.env,
  COMMAND_UNDER_TEST: pathOf(target),
  ...(withOthers && { OTHER_MACHINES: JSON.stringify(startersOfOthers(pathOf, libraries)) }),
};
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
run(process.execPath, [vitest, 'run', ...selection], { env });
