import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  linkSync,
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
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { startRegistry } from './npm-registry.ts';
import { packagingTools, packed } from './tools.ts';

const platform = `${process.platform}-${process.arch}`;
const { nodes = {} } = packagingTools ?? {};
/** Versions of Node that can become another program. */
const able = Object.entries(nodes).filter(([major]) => Number(major) >= 22);

let folder: string;
/** Where npm has installed the package with its executable. */
let project: string;
let sandbox: Sandbox;

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Settings {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly nodeOptions?: readonly string[];
  /** A copy of what is installed, in place of it. */
  readonly at?: string;
}

function commandIn(place: string): string {
  return join(place, 'node_modules', 'roles-anywhere', 'bin', 'roles-anywhere.cjs');
}

/** Runs a program while the sandbox answers. */
async function runs(
  program: string,
  args: readonly string[],
  settings: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], HOME: folder, ...sandbox.environment, ...settings.env };
  return promisify(execFile)(program, args, { cwd: settings.cwd ?? folder, env, timeout: 200_000 }).then(
    (result) => ({ status: 0, ...result }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ status: code, stdout, stderr }),
  );
}

/** The command as npm installed it. */
function outcomeOf(node: string, args: readonly string[], settings: Settings = {}): Promise<Outcome> {
  const { nodeOptions = [], at = project, ...rest } = settings;
  return runs(node, [...nodeOptions, commandIn(at), ...args], rest);
}

async function buildOf(node: string, settings: Settings = {}): Promise<string | undefined> {
  const { stdout, stderr } = await outcomeOf(node, ['version', '--verbose'], settings);
  expect(stderr).toBe('');
  return /^build: (.*)$/m.exec(stdout)?.[1];
}

/** What is installed, once more: the executable is the same file. */
function copied(name: string): string {
  const copy = join(folder, name);
  const own = join(copy, 'node_modules', '@roles-anywhere', platform);
  mkdirSync(join(own, 'bin'), { recursive: true });
  cpSync(join(project, 'node_modules', 'roles-anywhere'), join(copy, 'node_modules', 'roles-anywhere'), {
    recursive: true,
  });
  copyFileSync(join(project, 'node_modules', '@roles-anywhere', platform, 'package.json'), join(own, 'package.json'));
  linkSync(executable(), join(own, 'bin', 'roles-anywhere'));
  return copy;
}

function executable(): string {
  return join(project, 'node_modules', '@roles-anywhere', platform, 'bin', 'roles-anywhere');
}

/** A program in the place of the executable that leaves a mark. */
function plant(place: string): void {
  const decoy = join(place, '@roles-anywhere', platform);
  mkdirSync(join(decoy, 'bin'), { recursive: true });
  copyFileSync(join(project, 'node_modules', '@roles-anywhere', platform, 'package.json'), join(decoy, 'package.json'));
  writeFileSync(join(decoy, 'bin', 'roles-anywhere'), '#!/bin/sh\necho planted\n', { mode: 0o755 });
}

describe.skipIf(packagingTools === undefined || process.platform !== 'linux')('the npm packages', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-npm-'));
    sandbox = await startSandbox();
    project = join(folder, 'project');
    mkdirSync(project);
    const registry = await startRegistry(packed('npm'));
    try {
      const args = ['install', '--no-audit', '--no-fund', `--registry=${registry.url}`, `--cache=${folder}/cache`];
      const env = { PATH: process.env['PATH'], HOME: folder };
      await promisify(execFile)('npm', [...args, 'roles-anywhere'], { cwd: project, env, timeout: 290_000 });
    } finally {
      await registry.close();
    }
    // npm unpacks the executable and the AWS SDK.
  }, 300_000);

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('npm installs the executable of this platform and of no other, in the same version', () => {
    expect(readdirSync(join(project, 'node_modules', '@roles-anywhere'))).toEqual([platform]);
    const read = (path: string): { version: string; scripts?: object } =>
      JSON.parse(readFileSync(join(project, 'node_modules', path, 'package.json'), 'utf8')) as never;
    const [main, own] = [read('roles-anywhere'), read(`@roles-anywhere/${platform}`)];
    expect(main.version).toBe(own.version);
    expect(own.scripts).toBeUndefined();
    expect(Object.keys(main.scripts ?? {}).filter((name) => /^(?:pre|post)?(?:install|prepare)$/.test(name))).toEqual(
      [],
    );
  });

  test('it brings the licences of what is in the executable, and a list of that', () => {
    const own = join(project, 'node_modules', '@roles-anywhere', platform);
    expect(readFileSync(join(own, 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toContain('JavaScriptCore');
    expect(readFileSync(join(own, 'bom.cdx.json'), 'utf8')).toContain('"bomFormat": "CycloneDX"');
  });

  test('the executable has a name of its own', async () => {
    const { stdout } = await runs(join(project, 'node_modules', '.bin', 'roles-anywhere-native'), [
      'version',
      '--verbose',
    ]);
    expect(stdout).toContain(`build: executable for ${platform}\n`);
  });

  test.each(Object.entries(nodes))(
    'on Node %s the command is the executable where Node can become it',
    async (major, node) => {
      expect(await buildOf(node)).toBe(Number(major) >= 22 ? `executable for ${platform}` : 'bundle');
      const { stdout } = await outcomeOf(node, ['export', '--format', 'env']);
      expect(stdout).toContain('AWS_SESSION_TOKEN=');
    },
  );

  describe.each(able)('on Node %s', (_major, node) => {
    test('it is the same process, with its exit status, its signals and its input', async () => {
      const wrong = await outcomeOf(node, ['credential-process', '--role-arn', 'nonsense']);
      expect(wrong).toEqual(
        await outcomeOf(node, ['credential-process', '--role-arn', 'nonsense'], {
          env: { ROLES_ANYWHERE_RUNTIME: 'node' },
        }),
      );
      expect(wrong.status).toBe(2);
      const child = spawn(node, [commandIn(project), 'serve', '--port', '0'], {
        env: { PATH: process.env['PATH'], HOME: folder, ...sandbox.environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      await once(child.stderr, 'data');
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toMatch(executable());
      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([0, null]);
    });

    test('a program that exec starts finds signals as it does in Node', async () => {
      const args = ['exec', '--', 'grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'];
      const [native, bundle] = await Promise.all(
        ['native', 'node'].map((ROLES_ANYWHERE_RUNTIME) => outcomeOf(node, args, { env: { ROLES_ANYWHERE_RUNTIME } })),
      );
      expect(native).toEqual(bundle);
      expect(native?.stdout).toContain('SigIgn:');
    });

    test('descriptors that it was started with are still there', async () => {
      const command = [node, commandIn(project), 'export', '--format', 'env', '--private-key', 'fd:3'];
      const result = await runs('sh', ['-c', `exec "$@" 3<"${sandbox.privateKeyPath}"`, 'sh', ...command]);
      expect(result.stderr).toBe('');
      expect(result.stdout).toContain('AWS_SESSION_TOKEN=');
    });

    test('ROLES_ANYWHERE_RUNTIME decides', async () => {
      expect(await buildOf(node, { env: { ROLES_ANYWHERE_RUNTIME: 'node' } })).toBe('bundle');
      expect(await buildOf(node, { env: { ROLES_ANYWHERE_RUNTIME: 'native' } })).toBe(`executable for ${platform}`);
      expect(await outcomeOf(node, ['version'], { env: { ROLES_ANYWHERE_RUNTIME: 'bun' } })).toEqual({
        status: 2,
        stdout: '',
        stderr: 'roles-anywhere: ROLES_ANYWHERE_RUNTIME is "bun": it may be native or node\n',
      });
    });

    test('options of Node keep it on Node', async () => {
      expect(await buildOf(node, { env: { NODE_OPTIONS: '--no-deprecation' } })).toBe('bundle');
      expect(await buildOf(node, { nodeOptions: ['--no-deprecation'] })).toBe('bundle');
    });

    test('what is planted in the current folder, in folders above and in NODE_PATH is not run', async () => {
      const alone = join(folder, `alone-${_major}`);
      mkdirSync(join(alone, 'work', 'node_modules'), { recursive: true });
      const lone = join(alone, 'lib');
      cpSync(join(project, 'node_modules', 'roles-anywhere'), join(lone, 'node_modules', 'roles-anywhere'), {
        recursive: true,
      });
      const places = [
        alone,
        join(alone, 'node_modules'),
        join(alone, 'work'),
        join(alone, 'work', 'node_modules'),
        lone,
      ];
      for (const place of places) plant(place);
      const settings = { at: lone, cwd: join(alone, 'work'), env: { NODE_PATH: places.join(':') } };
      expect(await buildOf(node, settings)).toBe('bundle');
      const clone = join(alone, 'roles-anywhere');
      cpSync(join(project, 'node_modules', 'roles-anywhere'), clone, { recursive: true });
      const { stdout } = await runs(node, [join(clone, 'bin', 'roles-anywhere.cjs'), 'version', '--verbose']);
      expect(stdout).toContain('build: bundle\n');
      plant(join(lone, 'node_modules'));
      expect(await outcomeOf(node, ['version'], settings)).toMatchObject({ stdout: 'planted\n' });
    });

    test('an executable that cannot be used is left alone, and named where nothing else would do', async () => {
      const other = copied(`other-${_major}`);
      const own = join(other, 'node_modules', '@roles-anywhere', platform);
      const native = { at: other, env: { ROLES_ANYWHERE_RUNTIME: 'native' } };
      const refused = {
        status: 2,
        stdout: '',
        stderr: expect.stringContaining(`no @roles-anywhere/${platform} that can run`) as string,
      };
      expect(await buildOf(node, { at: other })).toBe(`executable for ${platform}`);
      writeFileSync(join(own, 'package.json'), '{ "version": "0.0.1" }');
      expect(await buildOf(node, { at: other })).toBe('bundle');
      expect(await outcomeOf(node, ['version'], native)).toEqual(refused);
      copyFileSync(
        join(project, 'node_modules', '@roles-anywhere', platform, 'package.json'),
        join(own, 'package.json'),
      );
      rmSync(join(own, 'bin', 'roles-anywhere'));
      expect(await outcomeOf(node, ['version'], native)).toEqual(refused);
      writeFileSync(join(own, 'bin', 'roles-anywhere'), '');
      chmodSync(join(own, 'bin', 'roles-anywhere'), 0o644);
      expect(await buildOf(node, { at: other })).toBe('bundle');
    });

    test('an executable for another C library is not tried', async () => {
      const musl = copied(`musl-${_major}`);
      const scope = join(musl, 'node_modules', '@roles-anywhere');
      cpSync(join(scope, platform), join(scope, `${platform}-musl`), { recursive: true });
      rmSync(join(scope, platform), { recursive: true });
      expect(await buildOf(node, { at: musl })).toBe('bundle');
    });
  });
});
