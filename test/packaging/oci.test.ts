import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { isOnPath, judge, needsMounts } from '../support/programs.ts';
import { packagingTools, packed } from './tools.ts';

const isLeftOut = packagingTools === undefined || process.platform !== 'linux' || process.arch !== 'x64';

/** What the kernel starts the executable by, the only other program. */
const loaders: Readonly<Record<string, string>> = {
  amd64: 'ld-linux-x86-64.so.2',
  arm64: 'ld-linux-aarch64.so.1',
};

/** umoci as root, in whose images files have the owners that they are given. */
function needsUmoci(): { skip: boolean } {
  return judge('umoci, run as root', isOnPath('umoci') && process.getuid?.() === 0);
}

describe.skipIf(isLeftOut || needsUmoci().skip || needsMounts().skip)('the image', () => {
  let folder: string;
  let layout: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-oci-'));
    chmodSync(folder, 0o755);
    layout = join(folder, 'layout');
    mkdirSync(layout);
    const archive = readdirSync(packed('oci')).find((name) => name.endsWith('.oci.tar')) ?? '';
    execFileSync('tar', ['-xf', packed('oci', archive), '-C', layout]);
    for (const architecture of ['amd64', 'arm64']) {
      execFileSync('umoci', [
        'unpack',
        '--image',
        `${layout}:${version()}-${architecture}`,
        join(folder, architecture),
      ]);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function version(): string {
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: readonly { annotations: Readonly<Record<string, string>> }[];
    };
    return index.manifests[0]?.annotations['org.opencontainers.image.ref.name'] ?? '';
  }

  function rootOf(architecture: string): string {
    return join(folder, architecture, 'rootfs');
  }

  /** Runs a program of the image as a container does: in its root, as its user, with its environment and /proc. */
  async function runIn(architecture: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const config = JSON.parse(readFileSync(join(folder, architecture, 'config.json'), 'utf8')) as {
      process: { user: { uid: number; gid: number }; env: readonly string[] };
    };
    const { user, env: own } = config.process;
    const script =
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin; mount -t proc proc "$1/proc" && exec chroot --userspec="$2" "$1" "${@:3}"';
    const words = [rootOf(architecture), `${user.uid}:${user.gid}`, ...args];
    const settings = {
      env: { ...Object.fromEntries(own.map((line) => line.split(/=(.*)/s))), ...env },
      timeout: 200_000,
    };
    const { stdout } = await promisify(execFile)(
      '/usr/bin/unshare',
      ['--mount', '/bin/bash', '-c', script, 'bash', ...words],
      settings,
    );
    return stdout;
  }

  test('every blob is what its digest says', () => {
    const blobs = join(layout, 'blobs', 'sha256');
    for (const name of readdirSync(blobs)) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(blobs, name)))
          .digest('hex'),
      ).toBe(name);
    }
  });

  test('it runs as a user without rights, and gets credentials', async () => {
    expect(await runIn('amd64', ['/usr/bin/roles-anywhere', 'version', '--verbose'])).toContain(
      'build: executable for linux-x64\n',
    );
    const sandbox = await startSandbox();
    try {
      const place = join(rootOf('amd64'), 'tmp');
      for (const path of [sandbox.certificatePath, sandbox.privateKeyPath]) {
        copyFileSync(path, join(place, path.split('/').at(-1) ?? ''));
        execFileSync('chown', ['65532', join(place, path.split('/').at(-1) ?? '')]);
      }
      const paths = Object.fromEntries(
        Object.entries(sandbox.environment).map(([name, text]) => [name, text.replace(/^\/.*\//, '/tmp/')]),
      );
      const printed = await runIn('amd64', ['/usr/bin/roles-anywhere', 'credential-process'], paths);
      expect(JSON.parse(printed)).toMatchObject({ Version: 1, AccessKeyId: expect.any(String) as string });
    } finally {
      await sandbox.close();
    }
  });

  test('its user has a home, where what --cache keeps goes', async () => {
    const { uid, gid, mode } = statSync(join(rootOf('amd64'), 'home/nonroot'));
    expect([uid, gid, mode & 0o777]).toEqual([65532, 65532, 0o700]);
    expect(statSync(join(rootOf('amd64'), 'home')).uid).toBe(0);
  });

  test('it brings the licences of what is in the executable, and a list of that', () => {
    const documents = join(rootOf('amd64'), 'usr/share/doc/roles-anywhere');
    expect(readFileSync(join(documents, 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toContain('JavaScriptCore');
    expect(readFileSync(join(documents, 'bom.cdx.json'), 'utf8')).toContain('"bomFormat": "CycloneDX"');
  });

  test('that for arm64 starts, too', async () => {
    const interpreter = 'qemu-aarch64-static';
    if (!existsSync(`/usr/bin/${interpreter}`)) throw new Error(`${interpreter} is not installed`);
    copyFileSync(`/usr/bin/${interpreter}`, join(rootOf('arm64'), interpreter));
    const args = [`/${interpreter}`, '/usr/bin/roles-anywhere', 'version', '--verbose'];
    expect(await runIn('arm64', args)).toContain('build: executable for linux-arm64\n');
  });

  test.each(['amd64', 'arm64'])('%s holds no shell, and nothing that runs with rights of others', (architecture) => {
    const files = readdirSync(rootOf(architecture), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.endsWith('qemu-aarch64-static'));
    const programs = files
      .filter((path) => (statSync(path).mode & 0o111) !== 0)
      .map((path) => path.split('/').at(-1) ?? '');
    expect(new Set(programs)).toEqual(new Set([loaders[architecture], 'roles-anywhere']));
    expect(files.filter((path) => (statSync(path).mode & 0o6022) !== 0)).toEqual([]);
    const authorities = readFileSync(join(rootOf(architecture), 'etc/ssl/certs/ca-certificates.crt'), 'utf8');
    expect(authorities.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(100);
  });
});
