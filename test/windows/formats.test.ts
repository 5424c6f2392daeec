import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root, runCommand } from '../support/command.ts';

const made = join(root, 'certs-fixtures', 'made');
let fixtures: Sandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-formats-'));
  const anchors = ['root.pem', 'ml-dsa-ca.pem'].map((name) => readFileSync(join(made, name), 'utf8'));
  fixtures = await startSandbox({ anchors });
});
afterAll(async () => {
  await fixtures.close();
  rmSync(folder, { recursive: true });
});

async function obtain(words: readonly string[]): Promise<object> {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = fixtures;
  const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  const { status, stdout, stderr } = await runCommand([
    'credential-process',
    ...target,
    '--endpoint',
    endpoint,
    ...words,
  ]);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as object;
}

const credentials = { Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string };

describe('the command makes a session', () => {
  test.each([
    ['pbes2-rc2-cbc.key', 'pbes1.pem'],
    ['traditional-des.key', 'pbes1.pem'],
    ['ml-dsa-65-seed.key', 'ml-dsa-65-by-ec.pem'],
  ])('with %s', async (key, certificate) => {
    const words = ['--certificate', join(made, certificate), '--private-key', join(made, key)];
    expect(await obtain([...words, '--pkcs8-password', 'changeit'])).toMatchObject(credentials);
  });

  test.each([String.raw`folder\that is long ${'x'.repeat(200)}\ключ.pem`, 'with/slashes.pem'])(
    'with a key at %s',
    async (name) => {
      const path = join(folder, name);
      mkdirSync(join(path, '..'), { recursive: true });
      cpSync(join(made, 'traditional-des.key'), path);
      const given = name.includes('/') ? path.replaceAll('\\', '/') : path;
      const words = ['--certificate', join(made, 'pbes1.pem'), '--private-key', given, '--pkcs8-password', 'changeit'];
      expect(await obtain(words)).toMatchObject(credentials);
    },
  );
});

/** Some of test/e2e/formats.test.ts, which makes the others by openssl: what reads them is the same everywhere. */
test.each(['keytool.p12', 'legacy-rc2-128.p12'])('the command signs with %s', async (name) => {
  const words = ['sign-string', '--certificate', join(made, name), '--pkcs8-password', 'changeit'];
  const { status, stdout } = await runCommand(words, { input: 'text' });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^"[\da-f]{100,}"$/);
});

test('export --format windows-cmd sets what cmd.exe hands on', async () => {
  const sandbox = await startSandbox();
  const { stdout } = await runCommand(['export', '--format', 'windows-cmd'], { env: sandbox.environment });
  await sandbox.close();
  const script = join(folder, 'set.cmd');
  const show = 'console.log(process.env.AWS_ACCESS_KEY_ID, process.env.AWS_SESSION_TOKEN)';
  writeFileSync(join(folder, 'show.cjs'), show);
  writeFileSync(
    script,
    `@echo off\r\n${stdout.replaceAll(/\r?\n/g, '\r\n')}"${process.execPath}" "${join(folder, 'show.cjs')}"\r\n`,
  );
  const shown = spawnSync('cmd.exe', ['/d', '/c', script], { encoding: 'utf8', timeout: 30_000 }).stdout.trim();
  const [, id = ''] = /AWS_ACCESS_KEY_ID=(\w+)/.exec(stdout) ?? [];
  const [, token = ''] = /AWS_SESSION_TOKEN=([^"\r\n]+)/.exec(stdout) ?? [];
  expect(shown).toBe(`${id} ${token}`);
  expect(id).toMatch(/^ASIA/);
});
