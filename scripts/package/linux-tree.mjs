/** The files of a Linux package as they lie on the machine: executable, units, man pages, completions, licences. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, run } from '../lib/set-up.mjs';
import { epoch, manifest } from './edition.mjs';

/** Debian's and RPM's word for the processor -> the target of the executable. */
export const linuxPackages = {
  deb: { amd64: 'linux-x64', arm64: 'linux-arm64' },
  rpm: { x86_64: 'linux-x64', aarch64: 'linux-arm64' },
};

/** Where zsh and fish look for what packages bring. */
const completionFolders = {
  deb: { zsh: 'usr/share/zsh/vendor-completions' },
  rpm: { zsh: 'usr/share/zsh/site-functions' },
};

/**
 * Puts all files of the package into a folder.
 *
 * @param stageMore puts what only packages of this form have
 */
export function stageLinuxTree(folder, { form, target, stageMore }) {
  put(folder, 'usr/bin/roles-anywhere', join(root, 'dist-native', target, 'roles-anywhere'));
  chmodSync(join(folder, 'usr/bin/roles-anywhere'), 0o755);
  const units = join(root, 'packaging', 'systemd');
  for (const unit of readdirSync(units)) put(folder, `usr/lib/systemd/system/${unit}`, join(units, unit));
  put(folder, 'usr/lib/sysusers.d/roles-anywhere.conf', join(root, 'packaging', 'sysusers.conf'));
  mkdirSync(join(folder, 'etc/roles-anywhere'), { recursive: true });
  stageDocumentation(folder);
  stageManPages(folder);
  stageCompletions(folder, form);
  stageMore?.(folder);
  evenOut(folder);
}

function stageDocumentation(folder) {
  const documents = 'usr/share/doc/roles-anywhere';
  put(folder, `${documents}/examples/config`, join(root, 'packaging', 'config.example'));
  write(folder, `${documents}/CHANGELOG.md.gz`, zipped(readFileSync(join(root, 'CHANGELOG.md'))));
  put(folder, `${documents}/copyright`, join(root, 'packaging', 'copyright'));
  for (const path of ['LICENSE', 'dist-native/THIRD-PARTY-NOTICES.txt']) {
    write(folder, `${documents}/${basename(path)}.gz`, zipped(readFileSync(join(root, path))));
  }
  put(folder, `${documents}/bom.cdx.json`, join(root, 'dist-native', 'bom.cdx.json'));
}

function stageManPages(folder) {
  const pages = join(folder, 'usr/share/man/man1');
  mkdirSync(pages, { recursive: true });
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  const script = join(root, 'scripts', 'package', 'man-pages.ts');
  run(process.execPath, [join(root, 'scripts', 'run-ts.mjs'), script, pages, manifest.version, date]);
  for (const page of readdirSync(pages)) {
    write(pages, `${page}.gz`, zipped(readFileSync(join(pages, page))));
    execFileSync('rm', [join(pages, page)]);
  }
}

function stageCompletions(folder, form) {
  const paths = {
    bash: 'usr/share/bash-completion/completions/roles-anywhere',
    zsh: `${completionFolders[form].zsh}/_roles-anywhere`,
    fish: 'usr/share/fish/vendor_completions.d/roles-anywhere.fish',
  };
  const command = join(root, 'bin', 'roles-anywhere.cjs');
  for (const [shell, path] of Object.entries(paths)) {
    write(folder, path, execFileSync(process.execPath, [command, 'completion', shell]));
  }
}

/** Without a time of its own, and with the same bytes on every system (gzip(1) -n). */
export function zipped(bytes) {
  const result = gzipSync(bytes, { level: 9 });
  result[9] = 3;
  return result;
}

export function put(folder, path, from) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  copyFileSync(from, join(folder, path));
  chmodSync(join(folder, path), 0o644);
}

export function write(folder, path, content) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content, { mode: 0o644 });
}

/** One time for everything, and modes that no umask of the builder decides. */
function evenOut(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      chmodSync(path, 0o755);
      evenOut(path);
    }
    utimesSync(path, epoch, epoch);
  }
  chmodSync(folder, 0o755);
  utimesSync(folder, epoch, epoch);
}
