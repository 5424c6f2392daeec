import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { root } from '../support/command.ts';

interface PublishedVersion {
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };
  /** The packed package. */
  readonly bytes: () => Buffer;
}

/** A registry on loopback, which real npm installs from. */
export interface NpmRegistry {
  readonly url: string;
  /** The names that were asked for and are not there. */
  readonly missing: ReadonlySet<string>;
  close(): Promise<void>;
}

/**
 * Serves packed packages, and everything that is installed in this repository, packed when it is asked for.
 *
 * @param folder with the packed ones
 */
export async function startRegistry(folder: string): Promise<NpmRegistry> {
  const versions = [...packedIn(folder), ...installedHere()];
  const missing = new Set<string>();
  const server = createServer((request, response) => {
    const [name, version] = decodeURIComponent(request.url ?? '')
      .slice(1)
      .split('/-/');
    const published = versions.filter(({ manifest }) => manifest.name === name);
    if (published.length === 0) missing.add(name ?? '');
    const one = published.find(({ manifest }) => manifest.version === version);
    if (one !== undefined) return response.end(one.bytes());
    response.statusCode = published.length === 0 || version !== undefined ? 404 : 200;
    return response.end(JSON.stringify(published.length === 0 ? {} : packument(published, urlOf(server))));
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return {
    url: urlOf(server),
    missing,
    close: () => new Promise((settle) => server.close(() => settle())),
  };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What a registry tells of all versions of a package. */
function packument(published: readonly PublishedVersion[], url: string): object {
  const versions = published.map(({ manifest, bytes }) => {
    const integrity = `sha512-${createHash('sha512').update(bytes()).digest('base64')}`;
    const tarball = `${url}${manifest.name}/-/${manifest.version}`;
    return [manifest.version, { ...manifest, dist: { tarball, integrity } }] as const;
  });
  const [latest] = versions.at(-1) ?? [];
  return { name: published[0]?.manifest.name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) };
}

function packedIn(folder: string): PublishedVersion[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  return files.map((name) => {
    const path = join(folder, name);
    const manifest = execFileSync('tar', ['-xzOf', path, 'package/package.json'], { encoding: 'utf8' });
    return { manifest: JSON.parse(manifest) as PublishedVersion['manifest'], bytes: () => readFileSync(path) };
  });
}

function installedHere(): PublishedVersion[] {
  const lock = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, object>>;
  };
  // What is for other platforms stands in the lock and is not there.
  const paths = Object.keys(lock.packages).filter((path) => existsSync(join(root, path, 'package.json')));
  return paths.map((path) => {
    const manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as PublishedVersion['manifest'];
    let bytes: Buffer | undefined;
    return { manifest, bytes: () => (bytes ??= pack(join(root, path))) };
  });
}

function pack(folder: string): Buffer {
  const args = ['-c', '-I', 'gzip -1', '--exclude=./node_modules', '--transform=s,^\\.,package,', '-C', folder, '.'];
  return execFileSync('tar', args, { maxBuffer: 200_000_000 });
}
