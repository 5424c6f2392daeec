/**
 * `npm run test:windows`: the tests of test/windows, and those of the other folders that hold there, on Node for
 * Windows. Elsewhere than there by Wine from Debian's packages, in a prefix below .cache that is made once (half a
 * minute). With arguments, which go to vitest, only some.
 */
import { join } from 'node:path';
import { root, run } from './lib/set-up.mjs';
import { openWine } from './lib/wine.mjs';

const line = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--config', 'vitest.windows.config.ts'];
const given = process.argv.slice(2);
console.log(
  [
    'not run: Windows itself; CNG keys, ECDSA and LocalMachine of stores but by stand-ins; the executable, which needs a newer Wine;',
    'the AWS CLI; services; that others are held off by access lists, as Wine has one user; tests outside of test/windows but some',
    '(vitest.windows.config.ts): most are about modes, signals and programs that are not there',
  ].join(' '),
);

if (process.platform === 'win32') {
  run(process.execPath, [...line, ...given]);
} else {
  const wine = openWine();
  if (wine !== undefined)
    process.exitCode = (await wine.runNode([...line, ...given])) || wine.runBeside([...line, ...given]);
  wine?.close();
}
