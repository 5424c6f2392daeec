/**
 * Roles to assume that stand in `~/.aws/config`: assumed by the clients, with us as their source, and assumed by us.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromRolesAnywhere } from '../../src/index.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { needsAwsCli, needsBoto3, runAws, runPython } from '../support/aws-clients.ts';
import { commandLine, runCommand } from '../support/command.ts';
import { deadPort } from '../support/ports.ts';
import { type AwsHome, makeAwsHome } from './sandbox-profile.ts';

const workload = 'arn:aws:iam::444455556666:role/Workload';
const last = 'arn:aws:iam::444455556666:role/path/Last';
let sandbox: Sandbox;
let home: AwsHome;
const outside = { ...process.env };

const command = (profiles: string): string =>
  `credential_process = ${commandLine} credential-process --from-profile ${profiles}`;

beforeAll(async () => {
  const trustPolicy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::444455556666:root' },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        Condition: { StringEquals: { 'sts:ExternalId': 'the:id' } },
      },
    ],
  };
  sandbox = await startSandbox({ roles: ['OnPrem', workload, { name: last, trustPolicy }] });
  const anywhere = (endpoint: string, keyPath: string): readonly string[] => [
    `roles_anywhere_trust_anchor_arn = ${sandbox.trustAnchorArn}`,
    `roles_anywhere_profile_arn = ${sandbox.profileArn}`,
    `roles_anywhere_role_arn = ${sandbox.roleArn}`,
    `roles_anywhere_certificate = ${sandbox.certificatePath}`,
    `roles_anywhere_private_key = ${keyPath}`,
    `roles_anywhere_endpoint = ${endpoint}`,
  ];
  const flags = [
    ...['--certificate', sandbox.certificatePath, '--private-key', sandbox.privateKeyPath],
    ...['--trust-anchor-arn', sandbox.trustAnchorArn, '--profile-arn', sandbox.profileArn],
    ...['--role-arn', sandbox.roleArn, '--endpoint', sandbox.endpoint],
  ];
  home = makeAwsHome(sandbox, [
    // AWS's post on planning a deployment: the default profile assumes a role with the credentials of another profile.
    '[default]',
    `role_arn = ${workload}`,
    'source_profile = on-prem',
    'role_session_name = planned',
    `region = ${sandbox.region}`,
    'services = sandbox',
    '[profile last]',
    `role_arn = ${last}`,
    'source_profile = default',
    'external_id = the:id',
    'duration_seconds = 1800',
    'services = sandbox',
    `region = ${sandbox.region}`,
    '[services sandbox]',
    'sts =',
    `  endpoint_url = ${sandbox.stsEndpoint}`,
    '[profile ours]',
    command('last'),
    `region = ${sandbox.region}`,
    'services = sandbox',
    '[profile legacy]',
    `credential_process = /usr/local/bin/aws_signing_helper credential-process ${flags.join(' ')}`,
    '[profile from-legacy]',
    `role_arn = ${workload}`,
    'source_profile = legacy',
    'services = sandbox',
    '[profile dead]',
    ...anywhere(`http://127.0.0.1:${deadPort}`, sandbox.privateKeyPath),
    'roles_anywhere_max_attempts = 1',
    '[profile twofold]',
    command('dead,last'),
    `region = ${sandbox.region}`,
    'services = sandbox',
  ]);
  Object.assign(process.env, home.env);
});

afterAll(async () => {
  for (const name of Object.keys(home.env)) delete process.env[name];
  Object.assign(process.env, outside);
  home.remove();
  await sandbox.close();
});

/** Says of whom a profile's credentials are, in a new process each time where the client is none of Node's. */
type Client = (profile: string) => Promise<string>;

const awsCli: Client = async (profile) => {
  const args = ['sts', 'get-caller-identity', '--profile', profile, '--query', 'Arn', '--output', 'text'];
  return (await runAws(args, home.env)).trim();
};

const boto3: Client = async (profile) => {
  const program = [
    'import boto3, sys',
    'print(boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()["Arn"])',
  ].join('\n');
  return (await runPython(program, [profile], home.env)).trim();
};

const sdkForJavaScript: Client = async (profile) => {
  const files = { filepath: home.env['AWS_SHARED_CREDENTIALS_FILE'] ?? '', configFilepath: home.configPath };
  const clientConfig = { endpoint: sandbox.stsEndpoint, region: sandbox.region };
  const credentials = await fromIni({ profile, ...files, ignoreCache: true, clientConfig })();
  const sts = new STSClient({ ...clientConfig, credentials });
  return (await sts.send(new GetCallerIdentityCommand({}))).Arn ?? '';
};

const operationsSince = (start: number): readonly unknown[] =>
  sandbox.requests.slice(start).map(({ operation, status }) => [operation, status]);

describe('the AWS CLI', needsAwsCli('services and AWS_ENDPOINT_URL_STS'), () => {
  suite(awsCli);
});

describe('boto3', needsBoto3('services and AWS_ENDPOINT_URL_STS'), () => {
  suite(boto3);
});

describe('the SDK for JavaScript', () => {
  suite(sdkForJavaScript);
});

function suite(callerOf: Client): void {
  test("assumes the role of AWS's example with us as the source", async () => {
    const start = sandbox.requests.length;
    expect(await callerOf('default')).toBe('arn:aws:sts::444455556666:assumed-role/Workload/planned');
    expect(operationsSince(start)).toEqual([
      ['CreateSession', 201],
      ['AssumeRole', 200],
      ['GetCallerIdentity', 200],
    ]);
  });

  test('takes from us the credentials of the same chain, which we assumed', async () => {
    const start = sandbox.requests.length;
    expect(await callerOf('ours')).toMatch(/^arn:aws:sts::444455556666:assumed-role\/Last\//);
    expect(operationsSince(start)).toEqual([
      ['CreateSession', 201],
      ['AssumeRole', 200],
      ['AssumeRole', 200],
      ['GetCallerIdentity', 200],
    ]);
  });

  test('gets the credentials of the second profile where the first cannot be reached', async () => {
    expect(await callerOf('twofold')).toMatch(/^arn:aws:sts::444455556666:assumed-role\/Last\//);
  });
}

test('the provider assumes the roles of a profile, and those of its own behind them', async () => {
  const provider = fromRolesAnywhere({
    profile: 'default',
    configFilepath: home.configPath,
    roleChain: [{ roleArn: last, externalId: 'the:id' }],
  });
  const sts = new STSClient({ region: sandbox.region, endpoint: sandbox.stsEndpoint, credentials: provider });
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  await provider.close();
  expect(Arn).toMatch(/^arn:aws:sts::444455556666:assumed-role\/Last\//);
});

describe('the command', () => {
  const run = (...args: string[]) => runCommand(['credential-process', ...args], { env: home.env });

  test('says what the profiles say to STS', async () => {
    const { status, stdout } = await run('--from-profile', 'last');
    expect(status).toBe(0);
    const [first, second] = sandbox.requests.slice(-2);
    expect(first?.session?.arn).toBe('arn:aws:sts::444455556666:assumed-role/Workload/planned');
    expect(second?.session?.roleArn).toBe(last);
    const { Expiration }: { Expiration: string } = JSON.parse(stdout);
    const seconds = (Date.parse(Expiration) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(1700);
    expect(seconds).toBeLessThanOrEqual(1801);
  });

  test("reads the official helper's line of a source profile", async () => {
    expect(await run('--from-profile', 'from-legacy')).toMatchObject({ status: 0, stderr: '' });
    expect(sandbox.requests.at(-1)?.session?.roleArn).toBe(workload);
  });

  test('assumes the roles of flags behind those of the profile', async () => {
    const { status, stderr } = await run('--from-profile', 'default', '--assume-role', last, '--external-id', 'the:id');
    expect([status, stderr]).toEqual([0, '']);
    expect(sandbox.requests.slice(-2).map(({ session }) => session?.roleArn)).toEqual([workload, last]);
  });

  test('tells which role of the profile was refused', async () => {
    const args = ['--from-profile', 'on-prem', '--sts-endpoint', sandbox.stsEndpoint];
    const { status, stdout, stderr } = await run(...args, '--assume-role', workload, '--assume-role', last);
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toContain(last);
  });

  test('goes on to the next profile, and not where the first refuses', async () => {
    expect(await run('--from-profile', 'dead,on-prem')).toMatchObject({ status: 0 });
    const refused = ['--from-profile', 'on-prem', '--from-profile', 'legacy'];
    sandbox.failNext({ status: 403 });
    expect(await run(...refused)).toMatchObject({ status: 4, stdout: '' });
    sandbox.failNext({ status: 403 });
    expect(await run(...refused, '--failover-on-refusal')).toMatchObject({ status: 0 });
  });
});
