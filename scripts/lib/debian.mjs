/** Packages of the Debian that this machine runs, for any processor, unpacked below .cache; the machine stays as it is. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './set-up.mjs';

/**
 * The folders that packages are unpacked to, by name, each with its control file as `control`. apt checks their
 * signatures, and keeps its lists where it disturbs nobody.
 *
 * @param architecture amd64
 */
export function fetchDebian(architecture, names) {
  const folder = join(root, '.cache', `debian-${architecture}`);
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) fetchAll(folder, architecture, missing);
  return Object.fromEntries(names.map((name) => [name, join(folder, name)]));
}

function fetchAll(folder, architecture, names) {
  console.error(`… apt-get fetches ${names.join(' and ')} for ${architecture}`);
  const state = join(folder, 'apt');
  for (const left of [state, join(folder, 'unfinished')]) rmSync(left, { recursive: true, force: true });
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  writeFileSync(join(state, 'status'), '');
  const options = [
    ...[`Dir::State=${state}`, `Dir::Cache=${state}`, `Dir::State::status=${state}/status`],
    ...[`APT::Architecture=${architecture}`, `APT::Architectures=${architecture}`, 'APT::Sandbox::User=root'],
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  for (const args of [['update'], ['download', ...names]]) {
    execFileSync('apt-get', [...options, '-qq', ...args], { cwd: state, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  for (const file of readdirSync(state).filter((one) => one.endsWith('.deb'))) unpack(join(state, file), folder);
  rmSync(state, { recursive: true });
}

function unpack(file, folder) {
  const [name] = file.slice(file.lastIndexOf('/') + 1).split('_');
  const unfinished = join(folder, 'unfinished');
  execFileSync('dpkg-deb', ['-x', file, unfinished]);
  writeFileSync(join(unfinished, 'control'), execFileSync('dpkg-deb', ['--field', file]));
  renameSync(unfinished, join(folder, name));
}
