/**
 * The npm package of each platform. Where its executable was not built, which PACKAGES=all does for all of them, one that
 * holds a few words stands for it: what the package says of itself, and whom npm gives it to, is the same. npm.test.ts has
 * npm install the one that is for this machine, with the package that brings it, and runs it.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsOfSignature } from '../../scripts/native/mach-o-signature.mjs';
import { bunVersion, executableName, targets } from '../../scripts/native/targets.mjs';
import { packPlatform } from '../../scripts/package/npm.mjs';
import { root } from '../support/command.ts';
import { type NpmRegistry, startRegistry } from './npm-registry.ts';
import { packagingTools, packed } from './tools.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly libc?: string;
  /** How its executables begin, in hex from a byte on: the kind of file, and the processor. */
  readonly begins: readonly (readonly [number, string])[];
  /** The program by which the kernel starts it. */
  readonly loader?: string;
}

const elf = [0, '7f454c46'] as const;
const machO = [0, 'cffaedfe'] as const;
const [x64, arm64] = [[0x12, '3e00'] as const, [0x12, 'b700'] as const];

const platforms: Readonly<Record<string, Platform>> = {
  'linux-x64': { os: 'linux', cpu: 'x64', libc: 'glibc', begins: [elf, x64], loader: '/lib64/ld-linux-x86-64.so.2' },
  'linux-arm64': {
    os: 'linux',
    cpu: 'arm64',
    libc: 'glibc',
    begins: [elf, arm64],
    loader: '/lib/ld-linux-aarch64.so.1',
  },
  'linux-x64-musl': { os: 'linux', cpu: 'x64', libc: 'musl', begins: [elf, x64], loader: '/lib/ld-musl-x86_64.so.1' },
  'linux-arm64-musl': {
    os: 'linux',
    cpu: 'arm64',
    libc: 'musl',
    begins: [elf, arm64],
    loader: '/lib/ld-musl-aarch64.so.1',
  },
  'darwin-x64': { os: 'darwin', cpu: 'x64', begins: [machO, [4, '07000001']] },
  'darwin-arm64': { os: 'darwin', cpu: 'arm64', begins: [machO, [4, '0c000001']] },
  'windows-x64': { os: 'win32', cpu: 'x64', begins: [[0, '4d5a']] },
};

const nameOf = (target: string): string => target.replace('windows', 'win32');
const fileOf = (target: string): string => `roles-anywhere-${nameOf(target)}-${version}.tgz`;
const isBuilt = (target: string): boolean => existsSync(packed('npm', fileOf(target)));
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

let folder: string;

describe.skipIf(packagingTools === undefined || process.platform === 'win32')('the npm package of', () => {
  /** Packages of all targets with a few words in the place of the executable. */
  let standIns: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-platforms-'));
    standIns = join(folder, 'stand-ins');
    mkdirSync(standIns);
    for (const target of Object.keys(targets)) {
      writeFileSync(join(folder, 'executable'), `stands for ${target}`);
      packPlatform(standIns, target, join(folder, 'executable'));
      if (!isBuilt(target)) console.log(`a stand-in: the executable of ${target}, which was not built`);
    }
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every target is here', () => {
    expect(Object.keys(platforms).sort()).toEqual(Object.keys(targets).sort());
    expect(readdirSync(standIns).sort()).toEqual(Object.keys(targets).map(fileOf).sort());
  });

  describe.each(Object.entries(platforms))('%s', (target, { os, cpu, libc, begins, loader }) => {
    const program = `bin/${executableName(target)}`;
    let unpacked: string;

    beforeAll(() => {
      unpacked = join(folder, target);
      mkdirSync(unpacked);
      const file = isBuilt(target) ? packed('npm', fileOf(target)) : join(standIns, fileOf(target));
      execFileSync('tar', ['-xzpf', file, '-C', unpacked, '--strip-components=1'], { timeout: 60_000 });
    });

    afterAll(() => rmSync(unpacked, { recursive: true }));

    const inPackage = (path: string): Buffer => readFileSync(join(unpacked, path));

    test('says whom it is for, has one program with a name of its own, and nothing that runs when it is installed', () => {
      expect(JSON.parse(inPackage('package.json').toString())).toEqual({
        name: `@roles-anywhere/${nameOf(target)}`,
        version,
        description: `The executable of roles-anywhere for ${target}`,
        license: 'Apache-2.0',
        homepage: expect.any(String) as string,
        bugs: expect.any(String) as string,
        repository: expect.any(Object) as object,
        bin: { 'roles-anywhere-native': program },
        files: ['bin', 'THIRD-PARTY-NOTICES.txt', 'bom.cdx.json'],
        os: [os],
        cpu: [cpu],
        ...(libc === undefined ? {} : { libc: [libc] }),
        preferUnplugged: true,
      });
    });

    test('holds the program, its licences and a list of what is in it', () => {
      const others = ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.txt', 'bom.cdx.json', 'package.json'];
      expect(readdirSync(unpacked).sort()).toEqual([...others, 'bin'].sort());
      expect(readdirSync(join(unpacked, 'bin'))).toEqual([executableName(target)]);
      expect(lstatSync(join(unpacked, program)).mode & 0o777).toBe(0o755);
      const notices = inPackage('THIRD-PARTY-NOTICES.txt').toString();
      for (const words of ['Jarred Sumner', 'JavaScriptCore', '@aws-sdk/']) expect(notices).toContain(words);
      const bill = JSON.parse(inPackage('bom.cdx.json').toString()) as { components: readonly object[] };
      expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5' });
      expect(bill.components).toContainEqual(
        expect.objectContaining({ name: targets[target]?.package, version: bunVersion }),
      );
    });

    test('is the program that was built, for its system and processor', { skip: !isBuilt(target) }, () => {
      const executable = inPackage(program);
      for (const [at, hex] of begins) expect(executable.toString('hex', at, at + hex.length / 2)).toBe(hex);
      expect(/\/lib(?:64)?\/ld-[\w.-]+/.exec(executable.toString('latin1', 0, 4096))?.[0]).toBe(loader);
      expect(os === 'darwin' ? faultsOfSignature(executable) : []).toEqual([]);
      const sums = readFileSync(join(root, 'dist-native', 'SHA256SUMS'), 'utf8');
      expect(sums).toContain(`${sha256(executable)}  ${target}/${executableName(target)}\n`);
      const published = readFileSync(packed('SHA256SUMS'), 'utf8');
      expect(published).toContain(`${sha256(readFileSync(packed('npm', fileOf(target))))}  npm/${fileOf(target)}\n`);
    });
  });

  describe('npm', () => {
    let registry: NpmRegistry;

    beforeAll(async () => {
      registry = await startRegistry(standIns);
    });

    afterAll(() => registry.close());

    test.each(Object.entries(platforms))(
      'installs that of %s there, and no other',
      async (target, { os, cpu, libc }) => {
        const project = join(folder, `on-${target}`);
        mkdirSync(project);
        const names = Object.keys(targets).map((each) => [`@roles-anywhere/${nameOf(each)}`, version] as const);
        writeFileSync(
          join(project, 'package.json'),
          JSON.stringify({ optionalDependencies: Object.fromEntries(names) }),
        );
        const where = [`--os=${os}`, `--cpu=${cpu}`, ...(libc === undefined ? [] : [`--libc=${libc}`])];
        const quiet = ['--no-audit', '--no-fund', `--registry=${registry.url}`, `--cache=${join(folder, 'cache')}`];
        const env = { PATH: process.env['PATH'], HOME: folder };
        await promisify(execFile)('npm', ['install', ...where, ...quiet], { cwd: project, env, timeout: 230_000 });
        const own = join(project, 'node_modules', '@roles-anywhere');
        expect(readdirSync(own)).toEqual([nameOf(target)]);
        expect(lstatSync(join(own, nameOf(target), 'bin', executableName(target))).mode & 0o777).toBe(0o755);
        rmSync(project, { recursive: true });
      },
    );
  });
});
