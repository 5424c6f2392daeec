/**
 * The executables for arm64 and for musl, started on x64 as scripts/native/other-machines.mjs says: by qemu, and with Debian's
 * musl. The sandbox verifies what they sign, and they the sandbox's certificate.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandResult, root } from '../support/command.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { judge } from '../support/programs.ts';

interface Starter {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const given = process.env['OTHER_MACHINES'];
const starters = JSON.parse(given ?? '{}') as Readonly<Record<string, Starter>>;
const isLeftOut = judge(
  'what starts executables for other machines (scripts/test-native.mjs)',
  given !== undefined,
).skip;

let folder: string;
let ca: Issued;
let sandbox: Sandbox;
let rsaLeaf: readonly string[];

beforeAll(async () => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  const { key, certificate } = makeLeaf(folder, 'server', ca, { extensions: ['subjectAltName = IP:127.0.0.1'] });
  sandbox = await startSandbox({ tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') } });
  const { certificate: leaf, privateKey } = await sandbox.ca.issueLeaf({ keyType: 'RSA-2048' });
  const paths = { certificate: join(folder, 'rsa.pem'), key: join(folder, 'rsa.key') };
  writeFileSync(paths.certificate, leaf);
  writeFileSync(paths.key, privateKey, { mode: 0o600 });
  rsaLeaf = ['--certificate', paths.certificate, '--private-key', paths.key];
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

describe.skipIf(isLeftOut).each(Object.entries(starters))('%s', (target, starter) => {
  const run = (...args: readonly string[]): Promise<CommandResult> => {
    const [program = '', ...rest] = [...starter.words, join(root, 'dist-native', target, 'roles-anywhere'), ...args];
    const env = { PATH: process.env['PATH'], HOME: folder, ...sandbox.environment, ...starter.env };
    return new Promise((settle) => {
      execFile(program, rest, { env, timeout: 200_000 }, (error, stdout, stderr) =>
        settle({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
    });
  };

  test('starts', async () => {
    expect((await run('version', '--verbose')).stdout).toContain(`build: executable for ${target}\n`);
  });

  test('signs with P-256 and with RSA, and verifies the server', { timeout: 550_000 }, async () => {
    for (const args of [[], rsaLeaf]) {
      const { status, stdout, stderr } = await run('credential-process', '--ca-bundle', ca.certificate, ...args);
      expect([status, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string });
    }
    const other = makeCa(folder, `other-${target}`).certificate;
    const refused = await run('credential-process', '--ca-bundle', other, '--max-attempts', '1');
    expect([refused.status, refused.stdout]).toEqual([5, '']);
  });

  test('calls C functions', async () => {
    const { stderr } = await run(
      ...['sign-string', '--private-key', 'pkcs11:object=none', '--pkcs11-lib', '/nonexistent.so'],
    );
    expect(stderr).toContain('the PKCS#11 module /nonexistent.so does not load: ');
    expect(stderr).toContain('No such file or directory');
  });
});
