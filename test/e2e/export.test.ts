import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { commandLine, runCommand } from '../support/command.ts';
import { loopbackOnly, needsAwsCli } from '../support/aws-clients.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const exported = (args: readonly string[] = []) => runCommand(['export', ...args], { env: sandbox.environment });

describe('export', () => {
  test('prints the document of a credential_process, with a line break', async () => {
    const { status, stdout, stderr } = await exported();
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\{"Version":1,"AccessKeyId":"ASIA\w+",.*"Expiration":"[\d-]+T[\d:]+Z"\}\n$/);
  });

  test.each([
    ['env', /^(export AWS_\w+=[\w/+=:-]+\n){4}$/],
    ['env-no-export', /^(AWS_\w+=[\w/+=:-]+\n){4}$/],
    ['powershell', /^(\$Env:AWS_\w+="[\w/+=:-]+"\n){4}$/],
    ['windows-cmd', /^(set AWS_\w+=[\w/+=:-]+\n){4}$/],
    ['fish', /^(set -gx AWS_\w+ "[\w/+=:-]+"\n){4}$/],
  ])('--format %s', async (format, form) => {
    const { status, stdout, stderr } = await exported(['--format', format]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(form);
  });

  test('an unknown format is an error, and so is a refusal', async () => {
    expect(await exported(['--format', 'bash'])).toMatchObject({ status: 2, stdout: '' });
    sandbox.failNext({ status: 403 });
    expect(await exported(['--format', 'env'])).toMatchObject({ status: 4, stdout: '' });
  });
});

describe('a shell and the AWS CLI', needsAwsCli(), () => {
  test('use what export printed', async () => {
    const script = `eval "$(${commandLine} export --format env)" && unset ROLES_ANYWHERE_CERTIFICATE && aws sts get-caller-identity --endpoint-url "$0"`;
    const { stdout } = await promisify(execFile)('sh', ['-c', script, sandbox.stsEndpoint], {
      env: { ...loopbackOnly, PATH: process.env['PATH'], HOME: '/nonexistent', ...sandbox.environment },
    });
    expect(JSON.parse(stdout)).toMatchObject({ Account: sandbox.accountId });
  });
});
