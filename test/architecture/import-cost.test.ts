import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { root } from '../support/command.ts';

const library = pathToFileURL(join(root, 'dist', 'lib', 'index.js')).href;

/** The files, below the repository, that Node runs for a program: V8's coverage names every one of them. */
async function filesOf(program: string, environment: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-import-'));
  try {
    const env = { PATH: process.env['PATH'], HOME: folder, ...environment, NODE_V8_COVERAGE: folder };
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env, timeout: 60_000 });
    return readdirSync(folder)
      .flatMap((name) => scriptsOf(readFileSync(join(folder, name), 'utf8')))
      .filter((url) => url.startsWith('file:') && !url.includes('[eval'))
      .map((url) => relative(root, fileURLToPath(url)).replaceAll('\\', '/'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function scriptsOf(coverage: string): string[] {
  const { result } = JSON.parse(coverage) as { result: { url: string }[] };
  return result.map(({ url }) => url);
}

/** What is loaded only when it is asked for. */
const rare =
  /node_modules|\/vendor\/|backends\/(?:pkcs11|tpm)\/|\/pkcs12|unlock|ml-dsa-key|assume-role\/assume-role|-transport-|proxy|from-profile|explain-request|lib\/sandbox\//;

test('the pattern knows what it is for', () => {
  for (const file of ['node_modules/undici/index.js', 'dist/lib/identity/backends/file/pkcs12.js']) {
    expect(file).toMatch(rare);
  }
});

test('an import loads our own small files, and none of what is rare', async () => {
  const files = await filesOf(`import ${JSON.stringify(library)};`);
  expect(files).toContain('dist/lib/outputs/provider/from-roles-anywhere.js');
  expect(files.filter((file) => rare.test(file))).toEqual([]);
  expect(files.filter((file) => !file.startsWith('dist/lib/'))).toEqual([]);
});

test('an import loads nothing of what a call needs', async () => {
  const files = await filesOf(`import ${JSON.stringify(library)};`);
  const folders = new Set(files.map((file) => file.replace(/^dist\/lib\/|[^/]+$/g, '')));
  expect([...folders].sort((one, other) => one.localeCompare(other, 'en'))).toEqual([
    '',
    'core/',
    'identity/',
    'identity/x509/',
    'outputs/provider/',
    'runtime/node/',
  ]);
  expect(files.length).toBeLessThan(15);
});

test('credentials with a key file are had without what is rare', async () => {
  const sandbox = await startSandbox();
  try {
    const program = `import { fromRolesAnywhere } from ${JSON.stringify(library)}; await fromRolesAnywhere()();`;
    const files = await filesOf(program, sandbox.environment);
    expect(files).toContain('dist/lib/aws/create-session/create-session.js');
    expect(files.filter((file) => rare.test(file))).toEqual([]);
    expect(sandbox.requests).toHaveLength(1);
  } finally {
    await sandbox.close();
  }
});
