/** What the project's own commands need before they can run, fetched and built when it is not there yet. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isOnPath } from './system-packages.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Runs a program in the repository, its output to ours; ends this process when it fails. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (error !== undefined) console.error(`${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** What is being done before the command does what it is for: stdout is the command's own. */
function tell(what) {
  console.error(`… ${what}`);
}

/** How to start npm, also where it is a .cmd file. */
function npmCommand(args) {
  const script = process.env['npm_execpath'];
  if (script !== undefined) return [process.execPath, [script, ...args], {}];
  return ['npm', args, { shell: process.platform === 'win32' }];
}

/**
 * Installs the locked packages unless all of them are there.
 *
 * npm would leave out an optional package whose install script fails, and say nothing: so it runs none, and the one that
 * tests want is compiled by buildAddons.
 */
export function installPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  tell(
    `npm ci installs what package-lock.json names, of which ${missing.length} packages are missing (up to two minutes)`,
  );
  const [program, args, options] = npmCommand([
    'ci',
    '--ignore-scripts',
    '--no-fund',
    '--no-audit',
    '--loglevel=error',
  ]);
  run(program, args, { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Paths of the locked packages that are not installed, or in another version.
 *
 * @public a test imports it from a copy
 */
export function missingPackages() {
  const locked = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules', '.package-lock.json');
  const wanted = new Set(Object.keys(locked['']?.optionalDependencies ?? {}).map((name) => `node_modules/${name}`));
  return Object.keys(locked).filter(
    (path) =>
      path !== '' &&
      ((wanted.has(path) && locked[path].cpu === undefined) || isNeeded(locked[path])) &&
      (installed[path]?.version !== locked[path].version || !existsSync(join(root, path, 'package.json'))),
  );
}

function packagesOf(...path) {
  try {
    return JSON.parse(readFileSync(join(root, ...path), 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

/** What is optional is native code for some platform, or belongs to such. */
function isNeeded({ optional, os, cpu, libc }) {
  if (optional !== true) return true;
  return cpu !== undefined && isAmong(cpu, process.arch) && isAmong(os, process.platform) && isAmong(libc, cLibrary);
}

function isAmong(allowed, value) {
  return allowed === undefined || allowed.includes(typeof value === 'function' ? value() : value);
}

function cLibrary() {
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

const addon = join(root, 'node_modules', 'pkcs11js', 'build', 'Release', 'pkcs11.node');

/** Programs of which one of each row compiles pkcs11js. */
const compilers = [['g++', 'c++', 'clang++'], ['make', 'gmake'], ['python3']];

/** Compiles pkcs11js, where that is possible; without it some tests are left out. */
export function buildAddons() {
  if (process.platform === 'win32' || existsSync(addon)) return;
  const missing = compilers.filter((names) => !names.some(isOnPath)).map(([name]) => name);
  if (missing.length > 0) {
    console.log(`skipped: the tests that need pkcs11js, which takes ${missing.join(', ')} to compile`);
    return;
  }
  tell('npm compiles pkcs11js (half a minute)');
  const [program, args, options] = npmCommand(['rebuild', 'pkcs11js', '--loglevel=error']);
  const { status, stderr } = spawnSync(program, args, {
    ...options,
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...headersOfThisNode() },
    timeout: 600_000,
  });
  if (status === 0 && existsSync(addon)) return;
  console.log(`skipped: the tests that need pkcs11js, which could not be compiled:\n${stderr}`);
}

/** Most installations of Node have their headers beside them, and then node-gyp need not fetch any. */
function headersOfThisNode() {
  const prefix = resolve(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

export function buildAll() {
  tell('the command and the library are built below dist (ten seconds)');
  run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
}
