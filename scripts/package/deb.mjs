/** Packages for Debian and what comes of it (deb-control(5)). */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, run } from '../lib/set-up.mjs';
import { environment, epoch, manifest } from './edition.mjs';
import { linuxPackages, put, stageLinuxTree, write, zipped } from './linux-tree.mjs';

/** A package for each processor whose executable is there. */
export function packDeb(folder) {
  for (const [architecture, target] of Object.entries(linuxPackages.deb)) {
    if (existsSync(join(root, 'dist-native', target))) packFor(folder, architecture, target);
  }
}

function packFor(folder, architecture, target) {
  const stage = join(folder, 'stage');
  stageLinuxTree(stage, { form: 'deb', target, stageMore: stageDebianFiles });
  const files = filesBelow(stage);
  mkdirSync(join(stage, 'DEBIAN'));
  const control = {
    control: controlText(architecture, files),
    md5sums: files.map((path) => `${md5(path)}  ${relative(stage, path)}\n`).join(''),
    postinst: script('after-install', '[ "$1" = configure ] || exit 0'),
    prerm: script('before-removal', '[ "$1" = remove ] || exit 0'),
  };
  for (const [name, text] of Object.entries(control)) {
    writeFileSync(join(stage, 'DEBIAN', name), text);
    chmodSync(join(stage, 'DEBIAN', name), text.startsWith('#!') ? 0o755 : 0o644);
  }
  const file = join(folder, `roles-anywhere_${manifest.version}_${architecture}.deb`);
  // What Debian 12 and Ubuntu 18.04 unpack, at a tenth of the time that xz takes.
  const args = ['--root-owner-group', '-Zzstd', '-z6', '--build', stage, file];
  run('dpkg-deb', args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(stage, { recursive: true });
}

/** Debian wants an address; reports go where `Homepage` leads. */
const maintainer = 'roles-anywhere <roles-anywhere@users.noreply.github.com>';

/** What lintian looks for in a Debian package. */
function stageDebianFiles(folder) {
  put(folder, 'usr/share/lintian/overrides/roles-anywhere', join(root, 'packaging', 'lintian-overrides'));
  const lines = [
    `roles-anywhere (${manifest.version}) stable; urgency=medium`,
    '  * CHANGELOG.md.gz beside this file tells what changed.',
    ` -- ${maintainer}  ${new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')}`,
  ];
  write(folder, 'usr/share/doc/roles-anywhere/changelog.gz', zipped(Buffer.from(`${lines.join('\n\n')}\n`)));
}

function controlText(architecture, files) {
  const kilobytes = files.reduce((sum, path) => sum + Math.ceil(statSync(path).size / 1024), 0);
  return `Package: roles-anywhere
Version: ${manifest.version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${kilobytes}
Depends: libc6 (>= 2.17)
Recommends: ca-certificates
Section: admin
Priority: optional
Homepage: ${manifest.homepage}
Description: AWS credentials for a certificate by IAM Roles Anywhere
 A command for credential_process, a server of credentials for the SDKs of a
 machine, and a keeper of ~/.aws/credentials, with keys in files, on PKCS#11
 tokens and in TPMs. It takes the place of aws_signing_helper.
`;
}

function script(name, condition) {
  const lines = ['#!/bin/sh', 'set -e', condition];
  return `${lines.join('\n')}\n${readFileSync(join(root, 'packaging', name), 'utf8')}`;
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function md5(path) {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}
