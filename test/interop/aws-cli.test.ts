import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { needsAwsCli, runAws } from '../support/aws-clients.ts';
import { type AwsHome, makeAwsHome } from './sandbox-profile.ts';

describe('the AWS CLI with credential_process', needsAwsCli(), () => {
  let sandbox: Sandbox;
  let home: AwsHome;

  beforeAll(async () => {
    sandbox = await startSandbox();
    home = makeAwsHome(sandbox);
  });

  afterAll(async () => {
    home.remove();
    await sandbox.close();
  });

  const getCallerIdentity = () =>
    runAws(
      ['sts', 'get-caller-identity', '--profile', 'on-prem', '--endpoint-url', sandbox.stsEndpoint, '--output', 'json'],
      home.env,
    );

  test('says who it is', async () => {
    const roleName = sandbox.roleArn.slice(sandbox.roleArn.lastIndexOf('/') + 1);
    expect(JSON.parse(await getCallerIdentity())).toMatchObject({
      Account: sandbox.accountId,
      Arn: expect.stringContaining(`:assumed-role/${roleName}/`) as string,
    });
  });

  test('shows the message of a refusal, and no secret', async () => {
    sandbox.failNext({ status: 403 });
    const failure = await getCallerIdentity().then(
      () => undefined,
      (error: { stderr: string }) => error.stderr,
    );
    expect(failure).toContain('roles-anywhere: ');
    expect(failure).not.toMatch(/PRIVATE KEY|SecretAccessKey/);
  });
});
