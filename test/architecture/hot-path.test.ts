import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root, runCommand } from '../support/command.ts';

/** What every call of credential-process reads, and what it reads besides when no cache has the answer. */
const [hotFile, pipelineFile] = ['roles-anywhere.cjs', 'pipeline.cjs'] as const;
let folder: string;
let sandbox: Sandbox;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-hot-path-'));
  sandbox = await startSandbox();
});

afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a run of the command asks Node's module loader for, in order, each once. */
async function loadedModules(args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const preload = join(folder, 'preload.cjs');
  const list = join(folder, 'list.json');
  writeFileSync(
    preload,
    `const Module = require('node:module');
     const load = Module._load;
     const seen = new Set();
     Module._load = function (request, parent, isMain) { seen.add(request); return load.call(this, request, parent, isMain); };
     process.on('exit', () => require('node:fs').writeFileSync(process.env.LIST, JSON.stringify([...seen])));`,
  );
  const result = await runCommand(args, { nodeOptions: ['--require', preload], env: { LIST: list, ...env } });
  expect(result).toMatchObject({ status: 0, stderr: '' });
  return (JSON.parse(readFileSync(list, 'utf8')) as string[]).map((request) =>
    request.startsWith('/') ? request.slice(root.length + 1) : request,
  );
}

function sizeOf(file: string): number {
  return statSync(join(root, 'dist', 'command', file)).size;
}

test('the file that every call reads is below 20 KB, and 52 KB with the one that makes a session', () => {
  expect(sizeOf(hotFile)).toBeLessThan(20_000);
  expect(sizeOf(hotFile) + sizeOf(pipelineFile)).toBeLessThan(52_000);
});

test.each([hotFile, pipelineFile])('%s holds no third-party package', (file) => {
  const bundled = readFileSync(join(root, 'dist', 'command', 'inputs.json'), 'utf8');
  const inputs = (JSON.parse(bundled) as Record<string, string[]>)[file];
  expect(inputs?.length).toBeGreaterThan(10);
  expect(inputs?.filter((path) => !path.startsWith('src/'))).toEqual([]);
});

function withKeyFile(): string[] {
  return [
    ...['credential-process', '--certificate', sandbox.certificatePath, '--private-key', sandbox.privateKeyPath],
    ...['--trust-anchor-arn', sandbox.trustAnchorArn, '--profile-arn', sandbox.profileArn],
    ...['--role-arn', sandbox.roleArn, '--endpoint', sandbox.endpoint],
  ];
}

test('credential-process with a key file loads these modules and no other', async () => {
  const modules = await loadedModules(withKeyFile());
  expect(modules.sort()).toEqual([
    '../dist/command/roles-anywhere.cjs',
    './pipeline.cjs',
    'bin/roles-anywhere.cjs',
    'node:crypto',
    'node:fs',
    'node:net',
    'node:tls',
  ]);
});

test('the profile that an SDK has us called for costs one more', async () => {
  const config = join(folder, 'config');
  writeFileSync(config, sandbox.configSection('on-prem'));
  const modules = await loadedModules(['credential-process', '--from-profile', 'on-prem'], { AWS_CONFIG_FILE: config });
  expect(modules.filter((request) => request.startsWith('./'))).toEqual([
    './options-profile-from-profile.cjs',
    './pipeline.cjs',
  ]);
});

test('a hit of the disk cache loads neither keys nor the network', async () => {
  const args = [...withKeyFile(), '--cache'];
  const miss = await loadedModules(args, { HOME: folder });
  expect(miss).toContain('./pipeline.cjs');
  const hit = await loadedModules(args, { HOME: folder });
  expect(hit.sort()).toEqual([
    '../dist/command/roles-anywhere.cjs',
    './pipeline-cached.cjs',
    'bin/roles-anywhere.cjs',
    'node:crypto',
    'node:fs',
  ]);
  expect(sizeOf('pipeline-cached.cjs')).toBeLessThan(15_000);
});
