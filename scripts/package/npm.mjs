/**
 * The npm packages: the one that users name, and one for each platform with its executable, which npm installs beside it
 * where it fits. That they belong together stands in the packed manifest alone: in the repository's own, `npm ci` would
 * ask the registry for packages that a version has only after it was published.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/set-up.mjs';
import { executableName, targets } from '../native/targets.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The package for the executable of a target, by the names that Node has for platforms: bin/executable.cjs asks for it. */
function packageName(target) {
  return `@${manifest.name}/${target.replace('windows', 'win32')}`;
}

/** Licences of what is in an executable, and a list of it. */
const aboutExecutable = ['THIRD-PARTY-NOTICES.txt', 'bom.cdx.json'];

/** Packs what is built into a folder: a package for every executable that is there, and the one that brings them. */
export function packNpm(folder) {
  const built = Object.keys(targets).filter((target) => existsSync(executableOf(target)));
  for (const target of built) packPlatform(folder, target, executableOf(target));
  packIn(folder, stageMain);
}

/** Packs the executable of a target into a folder. */
export function packPlatform(folder, target, executable) {
  packIn(folder, (work) => stagePlatform(work, target, executable));
}

function executableOf(target) {
  return join(root, 'dist-native', target, executableName(target));
}

/** Packs what `stage` puts into a folder of its own. */
function packIn(folder, stage) {
  const work = join(folder, 'stage');
  mkdirSync(work);
  const args = ['pack', '--ignore-scripts', '--silent', '--offline', '--pack-destination', folder, stage(work)];
  execFileSync('npm', args, { cwd: work, shell: process.platform === 'win32' });
  rmSync(work, { recursive: true });
}

function stageMain(work) {
  const args = ['pack', '--ignore-scripts', '--json', '--offline', '--pack-destination', work];
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  execFileSync('tar', ['-xzf', filename], { cwd: work });
  const pinned = Object.fromEntries(Object.keys(targets).map((target) => [packageName(target), manifest.version]));
  writeManifest(join(work, 'package'), {
    ...manifest,
    optionalDependencies: { ...manifest.optionalDependencies, ...pinned },
  });
  return join(work, 'package');
}

function stagePlatform(work, target, executable) {
  const [system, cpu, libc = 'glibc'] = target.split('-');
  const file = `bin/${executableName(target)}`;
  mkdirSync(join(work, 'bin'));
  copyFileSync(executable, join(work, file));
  chmodSync(join(work, file), 0o755);
  copyFileSync(join(root, 'LICENSE'), join(work, 'LICENSE'));
  for (const name of aboutExecutable) copyFileSync(join(root, 'dist-native', name), join(work, name));
  writeFileSync(join(work, 'README.md'), platformReadme(target));
  const { version, homepage, bugs, license, repository } = manifest;
  writeManifest(work, {
    ...{ name: packageName(target), version, description: `The executable of roles-anywhere for ${target}` },
    ...{ homepage, bugs, license, repository },
    // A name of its own: that of the command is the other package's.
    bin: { 'roles-anywhere-native': file },
    files: ['bin', ...aboutExecutable],
    os: [system === 'windows' ? 'win32' : system],
    cpu: [cpu],
    ...(system === 'linux' ? { libc: [libc] } : {}),
    // Yarn leaves packages in archives otherwise, out of which nothing can be executed.
    preferUnplugged: true,
  });
  return work;
}

function platformReadme(target) {
  return `# ${packageName(target)}

The executable of [roles-anywhere](${manifest.homepage}) for ${target}, which needs no Node.js. npm installs it
with \`roles-anywhere\`, whose command goes on as this executable. Its own name is \`roles-anywhere-native\`.
`;
}

function writeManifest(folder, content) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(content, undefined, 2)}\n`);
}
