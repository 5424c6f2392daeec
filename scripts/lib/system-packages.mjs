/** Programs that are not ours: judges and clients of the tests, tokens and TPMs in software, and a compiler. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program -> Debian package. */
const needed = {
  openssl: 'openssl',
  aws: 'awscli',
  script: 'bsdutils',
  bash: 'bash',
  zsh: 'zsh',
  fish: 'fish',
  // Modules with faults, before a real one.
  cc: 'gcc',
  'softhsm2-util': 'softhsm2',
  'pkcs11-tool': 'opensc',
  'p11-kit': 'p11-kit',
  swtpm: 'swtpm',
  swtpm_setup: 'swtpm-tools',
  tpm2_create: 'tpm2-tools',
  socat: 'socat',
  'ssh-agent': 'openssh-client',
  'gpg-agent': 'gpg-agent',
  gpgconf: 'gpgconf',
  'systemd-notify': 'systemd',
  'systemd-socket-activate': 'systemd',
  // Debian starts it when it is installed, which is nothing for a developer's machine: who has it there has the test.
  ...(process.env['CI'] && { squid: 'squid' }),
};

/** Library below a folder of /usr/lib -> Debian package. */
const neededLibraries = {
  // What cc needs besides.
  'libc.so': 'libc6-dev',
  'p11-kit-proxy.so': 'p11-kit-modules',
  'ossl-modules/tpm2.so': 'tpm2-openssl',
  'libtss2-tcti-swtpm.so.0': 'libtss2-tcti-swtpm0',
};

/** Module of Python -> Debian package. botocore comes with boto3. */
const neededModules = { boto3: 'python3-boto3' };

/** Folder -> Debian package: NIST's tests of certificate paths. */
const neededFolders = { '/usr/lib/python3/dist-packages/cryptography_vectors': 'python3-cryptography-vectors' };

export function isOnPath(program) {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => names.some((name) => existsSync(join(folder, name))));
}

function isInstalled(library) {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return ['', ...folders].some((folder) => existsSync(join('/usr/lib', folder, library)));
}

function isImportable(module) {
  return spawnSync('python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

function mayInstall() {
  return process.platform === 'linux' && process.getuid?.() === 0 && isOnPath('apt-get');
}

/**
 * Installs what is missing as root on Debian, and says what first; elsewhere, and where that fails, tells which tests
 * will be left out for want of what.
 */
export function installSystemPackages() {
  if (namesOfMissing().length > 0 && mayInstall()) install(namesOfMissing().map(packageOf));
  for (const name of namesOfMissing()) console.log(`skipped: the tests that need ${name}, which is not installed`);
}

/** The same for what only some tests need: program -> Debian package. */
export function installPackagesOf(programs) {
  const missing = Object.keys(programs).filter((program) => !isOnPath(program));
  if (missing.length > 0 && mayInstall()) install(missing.map((program) => programs[program]));
}

function namesOfMissing() {
  return [
    ...Object.keys(needed).filter((program) => !isOnPath(program)),
    ...Object.keys(neededLibraries).filter((library) => !isInstalled(library)),
    ...Object.keys(neededModules).filter((module) => !isImportable(module)),
    ...Object.keys(neededFolders).filter((folder) => !existsSync(folder)),
  ];
}

function packageOf(name) {
  return needed[name] ?? neededLibraries[name] ?? neededModules[name] ?? neededFolders[name];
}

function install(names) {
  const packages = [...new Set(names)];
  console.error(`… apt-get installs, as this is root: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ]) {
    const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    if (status !== 0) return console.error(`apt-get ${args[0]} failed`);
  }
}
