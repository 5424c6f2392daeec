/** The package as its users have it: packed, and installed without anything for development. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './set-up.mjs';

/** Packs what is built and installs it in a folder, which is emptied first. */
export function installPackage(folder, ...options) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }));
  const quiet = ['--no-fund', '--no-audit', '--ignore-scripts', '--loglevel=error'];
  run('npm', ['install', ...quiet, ...options, `./${filename}`], { cwd: folder });
}

/** Each installed package with the bytes that it takes on the disk, the largest first. */
export function installedPackages(folder) {
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8'));
  return Object.keys(lock.packages)
    .filter((path) => existsSync(join(folder, path)))
    .map((path) => ({ name: path.replace(/^node_modules\//, ''), bytes: bytesBelow(join(folder, path)) }))
    .sort((one, other) => other.bytes - one.bytes);
}

/** Blocks of 512 bytes, as du counts them; without the packages inside of a package. */
function bytesBelow(path) {
  const { blocks } = lstatSync(path);
  if (!lstatSync(path).isDirectory()) return blocks * 512;
  const names = readdirSync(path).filter((name) => name !== 'node_modules');
  return names.reduce((sum, name) => sum + bytesBelow(join(path, name)), blocks * 512);
}
