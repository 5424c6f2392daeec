/** The disk cache behind a credential_process, with the clients that start a process for every call. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { needsAwsCli, needsBoto3, runAws, runPython } from '../support/aws-clients.ts';
import { type AwsHome, makeAwsHome } from './sandbox-profile.ts';

let sandbox: Sandbox;
let home: AwsHome;

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(async () => {
  home.remove();
  await sandbox.close();
});
beforeEach(() => {
  home?.remove();
  home = makeAwsHome(sandbox, ['roles_anywhere_cache = true']);
});

/** The operations that the services were asked for while `work` was done. */
async function operationsOf(work: () => Promise<void>): Promise<readonly string[]> {
  const before = sandbox.requests.length;
  await work();
  return sandbox.requests.slice(before).map(({ operation, accepted }) => `${operation} ${accepted}`);
}

describe('the AWS CLI', needsAwsCli(), () => {
  const identity = (): Promise<string> =>
    runAws(
      ['sts', 'get-caller-identity', '--profile', 'on-prem', '--endpoint-url', sandbox.stsEndpoint, '--output', 'json'],
      home.env,
    );

  test('asks for a session once in two calls', async () => {
    const identify = async (): Promise<void> => {
      expect(JSON.parse(await identity())).toMatchObject({ Account: sandbox.accountId });
    };
    expect(await operationsOf(identify)).toEqual(['CreateSession true', 'GetCallerIdentity true']);
    expect(await operationsOf(identify)).toEqual(['GetCallerIdentity true']);
    expect(readdirSync(join(home.env['HOME'] ?? '', '.aws', 'roles-anywhere', 'cache'))).toHaveLength(1);
  });

  test('leaves our folder alone with its own cache beside it', async () => {
    mkdirSync(join(home.env['HOME'] ?? '', '.aws', 'cli', 'cache'), { recursive: true });
    await identity();
    expect(readdirSync(join(home.env['HOME'] ?? '', '.aws')).sort()).toEqual(['cli', 'config', 'roles-anywhere']);
  });
});

describe('boto3', needsBoto3(), () => {
  const program = `
import boto3, sys
from concurrent.futures import ThreadPoolExecutor

def identify(_):
    session = boto3.Session(profile_name='on-prem')
    return session.client('sts', endpoint_url=sys.argv[1]).get_caller_identity()['Account']

with ThreadPoolExecutor(4) as pool:
    print(*pool.map(identify, range(4)))
`;

  test('asks for a session once for many sessions of its own, in one process and in the next', async () => {
    const identify = async (): Promise<void> => {
      const accounts = (await runPython(program, [sandbox.stsEndpoint], home.env)).trim().split(' ');
      expect(accounts).toEqual(Array.from({ length: 4 }, () => sandbox.accountId));
    };
    const first = await operationsOf(identify);
    expect(first.filter((operation) => operation === 'CreateSession true')).toHaveLength(1);
    expect(first.filter((operation) => operation === 'GetCallerIdentity true')).toHaveLength(4);
    expect(await operationsOf(identify)).toEqual(Array.from({ length: 4 }, () => 'GetCallerIdentity true'));
  });
});
