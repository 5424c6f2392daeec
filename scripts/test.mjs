/**
 * `npm test`: everything it needs, then all tests, those on Windows too where there is Wine. With arguments, which go to vitest (`npm test -- test/cli`), it sets
 * nothing up but what is not there at all.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildAll, installPackages, root, run } from './lib/set-up.mjs';
import { installSystemPackages, isOnPath } from './lib/system-packages.mjs';

const selection = process.argv.slice(2);

if (selection.length === 0) {
  installSystemPackages();
  installPackages();
  buildAll();
} else {
  installPackages();
  if (existsSync(join(root, 'dist', 'command')) && existsSync(join(root, 'dist', 'lib'))) {
    console.error('… dist is used as it is: `npm run build` after a change of src that these tests shall see');
  } else {
    buildAll();
  }
}
run(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...selection]);
// In CI they are a step of their own, which installs Wine.
const withWindows = selection.length === 0 && process.env['CI'] === undefined && isOnPath('wine');
if (withWindows) run(process.execPath, [join(root, 'scripts', 'windows.mjs')]);
