/** `npm test`: everything it needs, then all tests. Arguments go to vitest. */
import { join } from 'node:path';
import { buildAddons, buildAll, installPackages, root, run } from './lib/set-up.mjs';
import { installSystemPackages } from './lib/system-packages.mjs';

installSystemPackages();
installPackages();
buildAddons();
buildAll();
run(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)]);
