import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root } from '../support/command.ts';
import { makeFolder, removeFolder } from '../support/openssl.ts';
import { needs } from '../support/programs.ts';

const run = promisify(execFile);
let folder: string;
let sandbox: Sandbox;

/** The package as npm packs it, with the dependencies that are installed here. */
async function install(): Promise<void> {
  const npm = process.env['npm_execpath'];
  const [program, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const pack = ['pack', '--offline', '--ignore-scripts', '--silent', '--pack-destination', folder];
  await run(program, [...first, ...pack], { cwd: root });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  const packages = join(folder, 'node_modules');
  mkdirSync(packages);
  await run('tar', ['-xzf', join(folder, tarball), '-C', packages]);
  symlinkSync(join(packages, 'package'), join(packages, 'roles-anywhere'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(packages, name));
  }
}

beforeAll(async () => {
  folder = makeFolder();
  sandbox = await startSandbox();
  await install();
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

describe('the package as it is published', needs('tar'), () => {
  const use = 'fromRolesAnywhere()().then(({ accountId }) => console.log(accountId));';

  test.each([
    ['import', 'program.mjs', `import { fromRolesAnywhere } from 'roles-anywhere'; ${use}`],
    ['import()', 'program.cjs', `import('roles-anywhere').then(({ fromRolesAnywhere }) => ${use.slice(0, -1)});`],
    ['require()', 'program.cjs', `const { fromRolesAnywhere } = require('roles-anywhere'); ${use}`],
    [
      'require() of the sandbox',
      'program.cjs',
      `const { createCertificateAuthority } = require('roles-anywhere/sandbox');
       createCertificateAuthority().then(() => console.log(111122223333));`,
    ],
  ])('%s works, without a warning', async (_name, file, text) => {
    const program = join(folder, file);
    writeFileSync(program, text);
    const env = { PATH: process.env['PATH'], HOME: folder, ...sandbox.environment };
    expect(await run(process.execPath, [program], { cwd: folder, env, timeout: 60_000 })).toEqual({
      stdout: `${sandbox.accountId}\n`,
      stderr: '',
    });
  });

  test('says its version to the service, and to whoever asks the command', async () => {
    const command = join(folder, 'node_modules', 'roles-anywhere', 'bin', 'roles-anywhere.cjs');
    const { stdout } = await run(process.execPath, [command, 'version']);
    const program = join(folder, 'version.mjs');
    const library = join(folder, 'node_modules', 'roles-anywhere', 'dist', 'lib', 'version.js');
    writeFileSync(program, `import { version } from ${JSON.stringify(library)}; console.log(version);`);
    expect((await run(process.execPath, [program])).stdout).toBe(stdout);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
