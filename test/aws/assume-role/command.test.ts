/** The built command: the SDK comes with it, is loaded for a chain alone, and takes nothing from its surroundings. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { root, runCommand } from '../../support/command.ts';
import { makeFolder, removeFolder } from '../../support/openssl.ts';

let sandbox: Sandbox;
let folder: string;
let role: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = makeFolder();
  sandbox = await startSandbox({ roles: ['Worker'] });
  role = sandbox.addRole({ name: 'Role', accountId: '444455556666', externalId: 'word' });
  const broken = join(folder, 'config');
  writeFileSync(broken, '[profile\n = \n[[[default]\nregion');
  const misleading = { AWS_CONFIG_FILE: broken, AWS_PROFILE: 'nobody', AWS_RETRY_MODE: 'nonsense' };
  env = { ...sandbox.environment, ...misleading };
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

const chain = (): string[] => ['credential-process', '--assume-role', role, '--external-id', 'word'];

it('assumes a role', async () => {
  const result = await runCommand(chain(), { env });
  expect([result.status, result.stderr]).toEqual([0, '']);
  expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) });
  expect(sandbox.requests.at(-1)).toMatchObject({ operation: 'AssumeRole', session: { roleArn: role } });
});

it('does so without any package installed', async () => {
  for (const part of ['bin', join('dist', 'command'), 'package.json']) {
    cpSync(join(root, part), join(folder, 'alone', part), { recursive: true });
  }
  const program = join(folder, 'alone', 'bin', 'roles-anywhere.cjs');
  const run = promisify(execFile)(process.execPath, [program, ...chain()], { env: { HOME: folder, ...env } });
  expect(JSON.parse((await run).stdout)).toMatchObject({ Version: 1 });
});

it('says with --debug which roles were assumed, and by what request', async () => {
  const { stderr } = await runCommand([...chain(), '--debug'], { env });
  const { requestId } = sandbox.requests.at(-1) ?? {};
  expect(stderr).toMatch(
    new RegExp(`^debug: attempt 1: hop 1 of 1, assumed ${role}, request id ${requestId}, \\d+ ms$`, 'm'),
  );
});

it('tells who refused, and why', async () => {
  const result = await runCommand(['credential-process', '--assume-role', role], { env });
  expect([result.status, result.stdout]).toEqual([4, '']);
  expect(result.stderr).toMatch(/^roles-anywhere: STS refused .*role\/Role\): User: .* \(status 403, AccessDenied, /);
  expect(result.stderr).toMatch(/^hint: no external id was given: /m);
});

it('carries of the SDK what assuming a role takes, and no more', () => {
  const built = join(root, 'dist', 'command');
  const inputs: Record<string, string[]> = JSON.parse(readFileSync(join(built, 'inputs.json'), 'utf8'));
  const packages = Object.keys(inputs).filter((name) => /^package-(aws|smithy)/.test(name));
  expect(packages.toSorted()).toEqual([
    'package-aws-sdk-credential-providers-dist-es-loadSts.cjs',
    'package-smithy-core-dist-es-submodules-event-streams-index.cjs',
  ]);
  const size = [...packages, 'aws-assume-role.cjs'].reduce((sum, name) => sum + statSync(join(built, name)).size, 0);
  expect(size).toBeLessThan(250_000);
});
