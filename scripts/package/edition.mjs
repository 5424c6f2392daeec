/** What is packed: its version and its time, which all that is packed bears in place of the hour of the build. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/set-up.mjs';

export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Seconds since 1970: SOURCE_DATE_EPOCH (reproducible-builds.org), or the time of the commit. */
export const epoch = Number(process.env['SOURCE_DATE_EPOCH'] ?? commitTime());

/** For the tools, which make the same of the same with it. */
export const environment = { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: 'C', TZ: 'UTC' };

function commitTime() {
  return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();
}
