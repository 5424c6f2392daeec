/** What the project's own commands need before they can run, fetched and built when it is not there yet. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Runs a program in the repository, its output to ours; ends this process when it fails. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (error !== undefined) console.error(`${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs npm, also where it is a .cmd file. */
function npm(args) {
  const script = process.env['npm_execpath'];
  if (script === undefined) run('npm', args, { shell: process.platform === 'win32' });
  else run(process.execPath, [script, ...args]);
}

/** Installs the locked packages unless the installed ones are newer than the lock. */
export function installPackages() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const locked = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(locked).mtimeMs) return;
  npm(['ci', '--no-fund', '--no-audit']);
}

/** Compiles pkcs11js where npm has left that out: without approval it runs no install scripts. */
export function buildAddons() {
  const addon = join(root, 'node_modules', 'pkcs11js');
  if (!existsSync(addon) || existsSync(join(addon, 'build', 'Release', 'pkcs11.node'))) return;
  npm(['rebuild', 'pkcs11js']);
}

export function buildAll() {
  run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
}
