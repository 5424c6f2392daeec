/** STS as clients that are not ours see it: the AWS CLI and the SDK for JavaScript. */
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient, STSServiceException } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { needsAwsCli, runAws } from '../support/aws-clients.ts';
import { createSession, readSession } from './hand-made-request.ts';
import type { Keys } from './hand-made-sts.ts';

const workload = 'arn:aws:iam::444455556666:role/Workload';
let sandbox: Sandbox;
let keys: Keys;

beforeAll(async () => {
  const last = { name: 'Last', trustPolicy: trustOf('arn:aws:iam::444455556666:role/Workload') };
  sandbox = await startSandbox({ region: 'eu-central-1', roles: ['Worker', workload, last] });
  const { accessKeyId, secretAccessKey, sessionToken } = readSession(await createSession(sandbox)).credentials;
  keys = { accessKeyId, secretAccessKey, sessionToken };
});

afterAll(() => sandbox.close());

const cli = (operation: string, args: readonly string[] = [], given: Keys = keys): Promise<string> => {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    AWS_ACCESS_KEY_ID: given.accessKeyId,
    AWS_SECRET_ACCESS_KEY: given.secretAccessKey,
    AWS_SESSION_TOKEN: given.sessionToken,
    AWS_DEFAULT_REGION: sandbox.region,
    AWS_MAX_ATTEMPTS: '1',
  };
  return runAws(['sts', operation, '--endpoint-url', sandbox.stsEndpoint, '--output', 'json', ...args], env);
};

describe('the AWS CLI', needsAwsCli(), () => {
  const assume = ['--role-arn', workload, '--role-session-name', 'cli'];

  test('gets the caller identity', async () => {
    expect(JSON.parse(await cli('get-caller-identity'))).toEqual({
      UserId: expect.stringMatching(/^AROA\w{17}:[0-9a-f]+$/),
      Account: sandbox.accountId,
      Arn: expect.stringMatching(/^arn:aws:sts::111122223333:assumed-role\/Worker\/[0-9a-f]+$/),
    });
  });

  test('assumes a role, with tags, and is somebody else then', async () => {
    const more = ['--tags', 'Key=Stage,Value=test it', '--transitive-tag-keys', 'Stage', '--duration-seconds', '900'];
    const answer: { Credentials: Record<string, string>; SourceIdentity: string } = JSON.parse(
      await cli('assume-role', [...assume, ...more]),
    );
    expect(answer.SourceIdentity).toBe('CN=sandbox.example');
    expect(sandbox.requests.at(-1)?.session).toMatchObject({ tags: { Stage: 'test it' } });
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials;
    const next = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    expect(JSON.parse(await cli('get-caller-identity', [], next))).toMatchObject({
      Arn: 'arn:aws:sts::444455556666:assumed-role/Workload/cli',
    });
  });

  test('reads the refusals', async () => {
    await expect(cli('assume-role', [...assume, '--duration-seconds', '7200'])).rejects.toThrow(
      /\(ValidationError\) when calling the AssumeRole operation(?: \(reached max retries: 0\))?: The requested DurationSeconds exceeds/,
    );
    await expect(cli('get-caller-identity', [], { ...keys, secretAccessKey: 'wrong' })).rejects.toThrow(
      'An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation',
    );
  });
});

const client = (given: Keys): STSClient =>
  new STSClient({ region: sandbox.region, endpoint: sandbox.stsEndpoint, credentials: given, maxAttempts: 1 });

const assume = async (given: Keys, RoleArn: string, more: object = {}) => {
  const command = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'sdk', ...more });
  const answer = await client(given).send(command);
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {};
  return { answer, keys: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken } };
};

const refusalOf = async (promise: Promise<unknown>): Promise<{ name: string; status: number | undefined }> => {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof STSServiceException)) throw new Error('it was not refused');
  return { name: error.name, status: error.$metadata.httpStatusCode };
};

describe('the SDK for JavaScript', () => {
  test('goes two hops, and the tags of the certificate go along', async () => {
    const first = await assume(keys, workload, {
      Tags: [{ Key: 'Stage', Value: 'test' }],
      TransitiveTagKeys: ['Stage'],
    });
    expect(first.answer.SourceIdentity).toBe('CN=sandbox.example');
    const second = await assume(first.keys, 'arn:aws:iam::111122223333:role/Last');
    expect(second.answer.SourceIdentity).toBe('CN=sandbox.example');
    const lifetime = (second.answer.Credentials?.Expiration?.getTime() ?? 0) - Date.now();
    expect(lifetime).toBeGreaterThan(3590_000);
    expect(lifetime).toBeLessThanOrEqual(3600_000);
    expect(sandbox.requests.at(-1)?.session?.tags).toMatchObject({
      Stage: 'test',
      'x509Subject/CN': 'sandbox.example',
    });
    const identity = await client(second.keys).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe('arn:aws:sts::111122223333:assumed-role/Last/sdk');
  });

  test('is held to one hour', async () => {
    expect(await refusalOf(assume(keys, workload, { DurationSeconds: 3601 }))).toEqual({
      name: 'ValidationError',
      status: 400,
    });
  });

  test('is refused by the role that does not trust it, and with keys that are over', async () => {
    expect(await refusalOf(assume(keys, 'arn:aws:iam::111122223333:role/Last'))).toMatchObject({
      name: 'AccessDenied',
    });
    const stale = client({ ...keys, sessionToken: 'other' }).send(new GetCallerIdentityCommand({}));
    expect(await refusalOf(stale)).toEqual({ name: 'InvalidClientTokenId', status: 403 });
  });
});

function trustOf(principal: string): object {
  const actions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: actions }] };
}
