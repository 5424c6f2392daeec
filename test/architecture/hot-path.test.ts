import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root, runCommand } from '../support/command.ts';

const hotFile = join(root, 'dist', 'command', 'roles-anywhere.cjs');
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
async function loadedModules(args: readonly string[]): Promise<string[]> {
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
  const result = await runCommand(args, { nodeOptions: ['--require', preload], env: { LIST: list } });
  expect(result).toMatchObject({ status: 0, stderr: '' });
  return (JSON.parse(readFileSync(list, 'utf8')) as string[]).map((request) =>
    request.startsWith('/') ? request.slice(root.length + 1) : request,
  );
}

test('the file that every call reads is below 50 KB', () => {
  expect(statSync(hotFile).size).toBeLessThan(50_000);
});

test('the file that every call reads holds no third-party package', () => {
  const bundled = readFileSync(join(root, 'dist', 'command', 'inputs.json'), 'utf8');
  const inputs = (JSON.parse(bundled) as Record<string, string[]>)['roles-anywhere.cjs'];
  expect(inputs?.length).toBeGreaterThan(10);
  expect(inputs?.filter((path) => !path.startsWith('src/'))).toEqual([]);
});

test('credential-process with a key file loads these modules and no other', async () => {
  const modules = await loadedModules([
    ...['credential-process', '--certificate', sandbox.certificatePath, '--private-key', sandbox.privateKeyPath],
    ...['--trust-anchor-arn', sandbox.trustAnchorArn, '--profile-arn', sandbox.profileArn],
    ...['--role-arn', sandbox.roleArn, '--endpoint', sandbox.endpoint],
  ]);
  expect(modules.sort()).toEqual([
    '../dist/command/roles-anywhere.cjs',
    'bin/roles-anywhere.cjs',
    'node:crypto',
    'node:fs',
    'node:net',
    'node:tls',
  ]);
});
