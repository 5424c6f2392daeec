/**
 * An image without a shell, for amd64 and arm64, as an archive of the OCI image layout
 * (https://github.com/opencontainers/image-spec, version 1.1), made without a container engine. It holds the executable,
 * Debian's C library, which it is linked with, and the CA certificates of Debian's ca-certificates.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../lib/set-up.mjs';
import { fetchDebian } from '../lib/debian.mjs';
import { environment, epoch, manifest } from './edition.mjs';

const platforms = {
  amd64: { target: 'linux-x64', libraries: 'lib/x86_64-linux-gnu', loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { target: 'linux-arm64', libraries: 'lib/aarch64-linux-gnu', loader: 'lib/ld-linux-aarch64.so.1' },
};

/** What the executable names, and what its look-ups of hosts and modules of tokens load. */
const libraries = [
  'c.so.6',
  'dl.so.2',
  'm.so.6',
  'nss_dns.so.2',
  'nss_files.so.2',
  'pthread.so.0',
  'resolv.so.2',
  'rt.so.1',
];

const media = 'application/vnd.oci.image';
const user = 65532;
const home = 'home/nonroot';
const created = new Date(epoch * 1000).toISOString();

export function packOci(folder) {
  const layout = join(folder, 'layout');
  mkdirSync(join(layout, 'blobs', 'sha256'), { recursive: true });
  const built = Object.entries(platforms).filter(([, { target }]) => existsSync(join(root, 'dist-native', target)));
  const images = built.map(([architecture, platform]) => image(layout, join(folder, 'tree'), architecture, platform));
  const index = json(layout, `${media}.index.v1+json`, {
    schemaVersion: 2,
    mediaType: `${media}.index.v1+json`,
    manifests: images,
  });
  const named = (descriptor, name) => ({ ...descriptor, annotations: { 'org.opencontainers.image.ref.name': name } });
  const { version } = manifest;
  const manifests = [
    named(index, version),
    ...images.map((one) => named(one, `${version}-${one.platform.architecture}`)),
  ];
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: `${media}.index.v1+json`, manifests }),
  );
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, `roles-anywhere-${version}.oci.tar`), tarOf(layout));
  rmSync(layout, { recursive: true });
}

/** Writes an image's layers, configuration and manifest, and tells where the manifest is. */
function image(layout, tree, architecture, platform) {
  const layers = [stageSystem, stageExecutable].map((stage) => {
    rmSync(tree, { recursive: true, force: true });
    stage(tree, platform, architecture);
    return layer(layout, tarOf(tree));
  });
  rmSync(tree, { recursive: true });
  const config = json(layout, `${media}.config.v1+json`, {
    ...{ created, architecture, os: 'linux', config: settings() },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: ['Debian: libc6 and ca-certificates', 'roles-anywhere'].map((comment) => ({ created, comment })),
  });
  const content = {
    schemaVersion: 2,
    mediaType: `${media}.manifest.v1+json`,
    config,
    layers: layers.map((one) => one.descriptor),
  };
  return { ...json(layout, content.mediaType, content), platform: { architecture, os: 'linux' } };
}

function settings() {
  const labels = {
    title: manifest.name,
    description: manifest.description,
    version: manifest.version,
    licenses: manifest.license,
    url: manifest.homepage,
    source: manifest.repository.url.replace('git+', ''),
    created,
  };
  return {
    User: `${user}:${user}`,
    Env: ['PATH=/usr/bin', `HOME=/${home}`],
    Entrypoint: ['/usr/bin/roles-anywhere'],
    Labels: Object.fromEntries(
      Object.entries(labels).map(([name, text]) => [`org.opencontainers.image.${name}`, text]),
    ),
  };
}

/** What is the same for many versions: C library, certificates, users. */
function stageSystem(tree, platform, architecture) {
  const debian = fetchDebian(architecture, ['libc6', 'ca-certificates']);
  for (const name of libraries) copyLibrary(debian.libc6, `lib${name}`, join(tree, platform.libraries, `lib${name}`));
  copyLibrary(debian.libc6, platform.loader.split('/')[1], join(tree, platform.loader), 0o755);
  write(tree, 'etc/ssl/certs/ca-certificates.crt', authorities(debian['ca-certificates']));
  write(
    tree,
    'etc/passwd',
    `root:x:0:0:root:/:/nonexistent\nnonroot:x:${user}:${user}:nonroot:/${home}:/nonexistent\n`,
  );
  write(tree, 'etc/group', `root:x:0:\nnonroot:x:${user}:\n`);
  write(tree, 'etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n');
  for (const [name, folder] of Object.entries(debian)) {
    write(tree, `usr/share/doc/${name}/copyright`, readFileSync(join(folder, `usr/share/doc/${name}/copyright`)));
    // Where scanners look for what an image has of Debian without its dpkg.
    write(tree, `var/lib/dpkg/status.d/${name}`, readFileSync(join(folder, 'control')));
  }
  for (const place of ['dev', home, 'proc', 'sys', 'tmp']) mkdirSync(join(tree, place), { recursive: true });
  chmodSync(join(tree, 'tmp'), 0o1777);
}

function stageExecutable(tree, { target }) {
  write(tree, 'usr/bin/roles-anywhere', readFileSync(join(root, 'dist-native', target, 'roles-anywhere')), 0o755);
  for (const path of ['LICENSE', 'dist-native/THIRD-PARTY-NOTICES.txt', 'dist-native/bom.cdx.json']) {
    write(tree, `usr/share/doc/roles-anywhere/${path.split('/').at(-1)}`, readFileSync(join(root, path)));
  }
}

/** Debian 12 has them in lib, later ones in usr/lib. */
function copyLibrary(folder, name, to, mode = 0o644) {
  const path = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
    (one) => one.endsWith(`/${name}`) && statSync(join(folder, one), { throwIfNoEntry: false })?.isFile() === true,
  );
  if (path === undefined) throw new Error(`Debian's libc6 has no ${name}`);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(folder, path), to);
  chmodSync(to, mode);
}

/** All that Mozilla trusts, as update-ca-certificates(8) puts them together. */
function authorities(folder) {
  const place = join(folder, 'usr/share/ca-certificates/mozilla');
  return readdirSync(place)
    .sort()
    .map((name) => readFileSync(join(place, name), 'utf8'))
    .join('');
}

function write(tree, path, content, mode = 0o644) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content, { mode });
}

/** The same for the same files, whoever makes it, and when. All is root's, but for the home of the image's user. */
function tarOf(folder) {
  const archive = `${folder}.tar`;
  const settings = ['--sort=name', `--mtime=@${epoch}`, '--numeric-owner', '--format=ustar', '-C', folder];
  const tar = (how, owner, ...what) =>
    execFileSync('tar', [how, '-f', archive, `--owner=${owner}`, `--group=${owner}`, ...settings, ...what], {
      env: environment,
    });
  tar('--create', 0, '--mode=u+rw,go-w,a+rX', `--exclude=./${home}`, '.');
  if (existsSync(join(folder, home))) tar('--append', user, '--mode=0700', `./${home}`);
  const bytes = readFileSync(archive);
  rmSync(archive);
  return bytes;
}

function layer(layout, tar) {
  const zipped = gzipSync(tar, { level: 6 });
  const descriptor = blob(layout, `${media}.layer.v1.tar+gzip`, zipped);
  return { descriptor, diffId: digest(tar) };
}

function json(layout, mediaType, content) {
  return blob(layout, mediaType, Buffer.from(JSON.stringify(content)));
}

function blob(layout, mediaType, bytes) {
  const name = digest(bytes);
  writeFileSync(join(layout, 'blobs', ...name.split(':')), bytes);
  return { mediaType, digest: name, size: bytes.length };
}

function digest(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
