/** `npm run check`: types, lint, format, unused code, and whether the package can be published as it is. */
import { join } from 'node:path';
import { buildAll, installPackages, root, run } from './lib/set-up.mjs';

const bin = (...path) => join(root, 'node_modules', ...path);

installPackages();
buildAll();
run(process.execPath, [bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
run(process.execPath, [join(root, 'scripts', 'run-ts.mjs'), 'scripts/generate.ts', '--check']);
run(process.execPath, [join(root, 'scripts', 'check-examples.mjs')]);
run(process.execPath, [bin('oxlint', 'bin', 'oxlint'), '--deny-warnings']);
run(process.execPath, [bin('oxfmt', 'bin', 'oxfmt'), '--check', '.']);
run(process.execPath, [bin('knip', 'bin', 'knip.js')]);
run(process.execPath, [bin('publint', 'src', 'cli.js'), '--strict']);
run(process.execPath, [bin('@arethetypeswrong', 'cli', 'dist', 'index.js'), '--pack', '.']);
