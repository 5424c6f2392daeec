/** What the project's own commands need before they can run, fetched and built when it is not there yet. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  return Object.keys(locked).filter(
    (path) =>
      path !== '' &&
      isNeeded(locked[path]) &&
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

export function buildAll() {
  tell('the command and the library are built below dist (ten seconds)');
  run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
}
