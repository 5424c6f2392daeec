/** Bun from the npm registry, once; whatever comes must be what targets.mjs names. No install script runs. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/set-up.mjs';
import { bunVersion, targets } from './targets.mjs';

const folder = join(root, '.cache', `bun-${bunVersion}`);

/** The folder that the package of a target was unpacked to: `bin/bun`, its README and its package.json. */
function fetchBunPackage(target) {
  const done = join(folder, target);
  if (existsSync(done)) return done;
  mkdirSync(folder, { recursive: true });
  const unfinished = mkdtempSync(join(folder, 'unfinished-'));
  try {
    unpack(targets[target], unfinished);
    putInPlace(join(unfinished, 'package'), done);
    return done;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Bun itself, for a target. */
export function fetchBun(target) {
  return join(fetchBunPackage(target), 'bin', target.startsWith('windows-') ? 'bun.exe' : 'bun');
}

function unpack({ package: name, integrity }, into) {
  console.error(`… npm fetches ${name} ${bunVersion} (50 MB)`);
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', into, `${name}@${bunVersion}`];
  const file = execFileSync('npm', args, { cwd: into, encoding: 'utf8', shell: process.platform === 'win32' }).trim();
  const found = `sha512-${createHash('sha512')
    .update(readFileSync(join(into, file)))
    .digest('base64')}`;
  if (found !== integrity) throw new Error(`${name} ${bunVersion} has the integrity ${found}, not ${integrity}`);
  execFileSync('tar', ['-xzf', file], { cwd: into });
}

/** Another process may have done the same meanwhile, and then that is as good. */
function putInPlace(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
