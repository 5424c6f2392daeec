/** Programs that are not ours and that the tests take as judges and clients. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program -> Debian package. */
const needed = {
  openssl: 'openssl',
  aws: 'awscli',
  script: 'bsdutils',
  bash: 'bash',
  zsh: 'zsh',
  fish: 'fish',
};

function isOnPath(program) {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => names.some((name) => existsSync(join(folder, name))));
}

function mayInstall() {
  return process.platform === 'linux' && process.getuid?.() === 0 && isOnPath('apt-get');
}

/** Installs what is missing as root on Debian; elsewhere tells which tests will be skipped for want of what. */
export function installSystemPackages() {
  const missing = Object.keys(needed).filter((program) => !isOnPath(program));
  if (missing.length === 0) return;
  if (!mayInstall()) {
    for (const program of missing) console.log(`skipped: the tests that need ${program}, which is not installed`);
    return;
  }
  const packages = missing.map((program) => needed[program]);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ]) {
    const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    if (status !== 0) {
      console.error(`apt-get ${args.join(' ')} failed`);
      process.exit(1);
    }
  }
}
