import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { koffiPackage } from '../support/cryptoki-binding.ts';
import { commandLine, runCommand } from '../support/command.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { makePrintingModule } from '../support/printing-module.ts';
import { needs } from '../support/programs.ts';
import { makeSoftHsm, needsSoftHsm } from '../support/softhsm.ts';

const skipped = [needsSoftHsm(), needs('cc')].find(({ skip }) => skip) ?? { skip: false };

describe('a PKCS#11 module that prints to stdout', skipped, () => {
  const folder = makeFolder();
  let sandbox: Sandbox;
  let env: Record<string, string>;

  beforeAll(async () => {
    const ca = makeCa(folder, 'ca');
    const leaf = makeLeaf(folder, 'leaf', ca);
    sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
    const token = makeSoftHsm(folder).makeToken('hsm', '482910');
    token.addKey(leaf.key, { label: 'leaf', id: '01' });
    token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
    env = {
      ...sandbox.environment,
      SOFTHSM2_CONF: process.env['SOFTHSM2_CONF'] ?? '',
      PKCS11_MODULE_PATH: makePrintingModule(folder),
      ROLES_ANYWHERE_CERTIFICATE: 'pkcs11:token=hsm;object=leaf',
      ROLES_ANYWHERE_PKCS11_PIN: '482910',
    };
  });
  afterAll(async () => {
    await sandbox.close();
    removeFolder(folder);
  });

  /** Runs the command by a shell line in which `$command` stands for it. */
  async function shell(
    line: string,
    stdio: 'pipe' | 'inherit' = 'pipe',
  ): Promise<{ status: number | null; stdout: string }> {
    const child = spawn('sh', ['-c', line.replace('$command', commandLine)], {
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
      stdio: ['ignore', 'pipe', stdio === 'pipe' ? 'pipe' : 'inherit'],
    });
    let stdout = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    return new Promise((settle) => child.once('close', (status) => settle({ status, stdout })));
  }

  test('prints, by a program that does not keep it from that', async () => {
    const script = `require('${koffiPackage}').load(process.env.PKCS11_MODULE_PATH);`;
    const { stdout } = await shell(`"${process.execPath}" -e "${script}"`);
    expect(stdout).toContain('written\n');
    expect(stdout).toContain('printed by load\n');
  });

  const document = { Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string };

  test('a socket, as Node.js gives its children', async () => {
    const { status, stdout, stderr } = await runCommand(['credential-process'], { env });
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject(document);
  });

  test('a pipe', async () => {
    expect(JSON.parse((await shell('$command credential-process | cat')).stdout)).toMatchObject(document);
  });

  test('a file, written on from where it is', async () => {
    const file = join(folder, 'file');
    await shell(`{ echo before; $command credential-process; echo; echo after; } > ${file}`);
    const [before, text = '', after] = readFileSync(file, 'utf8').split('\n');
    expect([before, after]).toEqual(['before', 'after']);
    expect(JSON.parse(text)).toMatchObject(document);
  });

  test('a terminal', needs('script'), async () => {
    const { stdout } = await shell(`script -qec '$command credential-process' /dev/null`);
    expect(JSON.parse(stdout)).toMatchObject(document);
  });

  test.each([
    ['export', ['--format', 'env-no-export'], /^AWS_ACCESS_KEY_ID=ASIA\w+\n.*\n.*\n.*\n$/],
    ['sign-string', ['--format', 'text'], /^[\da-f]+$/],
    ['read-certificate-data', [], /^[^]*CN=leaf[^]*$/],
    ['exec', ['--', 'sh', '-c', 'echo "$AWS_REGION"'], /^us-east-1\n$/],
    ['exec', ['--server', '--', 'sh', '-c', 'echo "$AWS_REGION"'], /^us-east-1\n$/],
  ])('%s %j', async (command, args, expected) => {
    for (const line of [`$command ${command}`, `$command ${command} | cat`]) {
      const quoted = args.map((argument) => `'${argument}'`).join(' ');
      const { stdout } = await shell(line.replace(command, `${command} ${quoted}`));
      expect(stdout).toMatch(expected);
      expect(stdout).not.toMatch(/printed|written/);
    }
  });
});
