import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { createCredentialChain, fromIni, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerIn } from '../../src/outputs/provider/from-roles-anywhere.ts';
import type { FromRolesAnywhereInit } from '../../src/outputs/provider/init.ts';
import { fromRolesAnywhere } from '../../src/index.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { initFor, sessionsOf, surroundings } from '../outputs/provider/surroundings.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ roles: ['Base'] });
});

afterEach(() => sandbox.close());

type Provider = NonNullable<STSClientConfig['credentials']>;

/** Who the credentials belong to, asked by a real client. */
async function callerOf(credentials: Provider, settings: STSClientConfig = {}): Promise<string | undefined> {
  const { region, stsEndpoint: endpoint } = sandbox;
  const client = new STSClient({ region, endpoint, credentials, maxAttempts: 1, ...settings });
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Arn;
  } finally {
    client.destroy();
  }
}

const account = '111122223333';

/** A role that another of the account may assume. */
function addRole(name: string, by: string): string {
  return sandbox.addRole({
    name,
    trustPolicy: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:role/${by}` },
          Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        },
      ],
    },
  });
}

describe('the SDK for JavaScript with fromRolesAnywhere', () => {
  test('a client says who it is', async () => {
    expect(await callerOf(fromRolesAnywhere(initFor(sandbox)))).toMatch(
      /^arn:aws:sts::111122223333:assumed-role\/Base\//,
    );
  });

  test('clients that share a provider share its session', async () => {
    const credentials = fromRolesAnywhere(initFor(sandbox));
    await Promise.all([callerOf(credentials), callerOf(credentials), callerOf(credentials)]);
    expect(sessionsOf(sandbox)).toBe(1);
  });

  test('two hops on top', async () => {
    const [middle, last] = [addRole('Middle', 'Base'), addRole('Last', 'Middle')];
    const roleChain = [{ roleArn: middle }, { roleArn: last, roleSessionName: 'nightly', durationSeconds: 900 }];
    const credentials = fromRolesAnywhere({ ...initFor(sandbox), stsEndpoint: sandbox.stsEndpoint, roleChain });
    expect(await callerOf(credentials)).toBe(`arn:aws:sts::${account}:assumed-role/Last/nightly`);
    expect(sandbox.requests.map(({ operation }) => operation)).toEqual([
      'CreateSession',
      'AssumeRole',
      'AssumeRole',
      'GetCallerIdentity',
    ]);
  });

  test('settings of the STS client are taken from clientConfig', async () => {
    const roleChain = [{ roleArn: addRole('Middle', 'Base'), roleSessionName: 'configured' }];
    const clientConfig = { endpoint: sandbox.stsEndpoint, maxAttempts: 1 };
    const credentials = fromRolesAnywhere({ ...initFor(sandbox), clientConfig, roleChain });
    expect(await callerOf(credentials)).toBe(`arn:aws:sts::${account}:assumed-role/Middle/configured`);
  });

  test('roleChain goes before the roles of the environment, and an empty one wants none', async () => {
    const environment = {
      ROLES_ANYWHERE_ASSUME_ROLE: addRole('Middle', 'Base'),
      ROLES_ANYWHERE_STS_ENDPOINT: sandbox.stsEndpoint,
    };
    const roleChain = [{ roleArn: addRole('Other', 'Base'), roleSessionName: 'one' }];
    const roleOf = (init: FromRolesAnywhereInit) =>
      callerOf(providerIn(surroundings(environment), { ...initFor(sandbox), ...init }));
    expect(await roleOf({})).toContain('assumed-role/Middle/');
    expect(await roleOf({ roleChain })).toBe(`arn:aws:sts::${account}:assumed-role/Other/one`);
    expect(await roleOf({ roleChain: [] })).toContain('assumed-role/Base/');
  });

  test('as the source of fromTemporaryCredentials', async () => {
    const credentials = fromTemporaryCredentials({
      masterCredentials: fromRolesAnywhere(initFor(sandbox)),
      params: { RoleArn: addRole('Other', 'Base'), RoleSessionName: 'on-top' },
      clientConfig: { region: sandbox.region, endpoint: sandbox.stsEndpoint },
    });
    expect(await callerOf(credentials)).toBe(`arn:aws:sts::${account}:assumed-role/Other/on-top`);
  });

  test('a client that is told of expired credentials asks for new ones', async () => {
    const around = surroundings();
    const credentials = providerIn(around, { ...initFor(sandbox), durationSeconds: 900 });
    const { region, stsEndpoint: endpoint } = sandbox;
    const client = new STSClient({ region, endpoint, credentials });
    await client.send(new GetCallerIdentityCommand({}));
    const resolve = client.config.credentials;
    const first = await resolve();
    expect((await resolve({ forceRefresh: true })).accessKeyId).not.toBe(first.accessKeyId);
    expect(sessionsOf(sandbox)).toBe(2);
    client.destroy();
  });

  test('a logger of the client gets what the init has none for', async () => {
    const lines: string[] = [];
    const logger = Object.fromEntries(
      ['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, (line: unknown) => lines.push(String(line))]),
    );
    const settings = { logger: logger as unknown as Required<STSClientConfig>['logger'] };
    const credentials = fromRolesAnywhere({ ...initFor(sandbox), durationSeconds: 900 });
    await callerOf(credentials, settings);
    expect(lines).toContainEqual(expect.stringMatching(/^roles-anywhere - fromRolesAnywhere: credentials until /));
    const { secretAccessKey, sessionToken } = await credentials();
    expect(lines.join('\n')).not.toContain(secretAccessKey);
    expect(lines.join('\n')).not.toContain(sessionToken);
  });
});

describe('chains of providers', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-chain-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Two files of the SDK that hold a profile with keys of the sandbox's. */
  async function sharedFiles(): Promise<{ filepath: string; configFilepath: string }> {
    const { accessKeyId, secretAccessKey, sessionToken } = await fromRolesAnywhere(initFor(sandbox))();
    const filepath = join(folder, 'credentials');
    const keys = [`aws_access_key_id=${accessKeyId}`, `aws_secret_access_key=${secretAccessKey}`];
    writeFileSync(filepath, ['[default]', ...keys, `aws_session_token=${sessionToken}`, ''].join('\n'));
    return { filepath, configFilepath: join(folder, 'config') };
  }

  const without = (init: FromRolesAnywhereInit) => providerIn(surroundings(), init);

  test('a chain goes on to fromIni where nothing is configured', async () => {
    const ini = fromIni({ ...(await sharedFiles()), profile: 'default', ignoreCache: true });
    expect(await callerOf(createCredentialChain(without({}), ini))).toContain('assumed-role/Base/');
  });

  test('a chain goes on to fromIni where the service cannot be reached', async () => {
    const ini = fromIni({ ...(await sharedFiles()), profile: 'default', ignoreCache: true });
    const unreachable = without({ ...initFor(sandbox), endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });
    expect(await callerOf(createCredentialChain(unreachable, ini))).toContain('assumed-role/Base/');
  });

  test('a chain comes to us after fromIni', async () => {
    const ini = fromIni({ filepath: join(folder, 'none'), configFilepath: join(folder, 'none'), profile: 'none' });
    const credentials = createCredentialChain(ini, fromRolesAnywhere(initFor(sandbox)));
    expect(await callerOf(credentials)).toContain('assumed-role/Base/');
  });

  test('a refusal ends the chain: the next provider would be another identity', async () => {
    const ini = fromIni({ ...(await sharedFiles()), profile: 'default', ignoreCache: true });
    sandbox.disable(sandbox.profileArn);
    const credentials = createCredentialChain(without(initFor(sandbox)), ini);
    await expect(callerOf(credentials)).rejects.toMatchObject({
      name: 'CredentialsProviderError',
      code: 'REFUSED_PROFILE',
    });
  });
});

describe('fallback', () => {
  let other: Sandbox;

  beforeEach(async () => {
    other = await startSandbox({ region: 'eu-central-1' });
  });

  afterEach(() => other.close());

  test('goes on to another region, and says which one served', async () => {
    sandbox.failNext({ status: 503, times: 5, operation: 'CreateSession' });
    const credentials = providerIn(surroundings(), { ...initFor(sandbox), fallback: [initFor(other)] });
    expect((await credentials()).target).toBe(other.trustAnchorArn);
    expect(sessionsOf(other)).toBe(1);
  });

  test('stays where it is refused, unless told otherwise', async () => {
    sandbox.disable(sandbox.trustAnchorArn);
    const init = { ...initFor(sandbox), fallback: [initFor(other)] };
    await expect(providerIn(surroundings(), init)()).rejects.toMatchObject({ code: 'REFUSED_TRUST_ANCHOR' });
    const onRefusal = providerIn(surroundings(), { ...init, failoverOnRefusal: true });
    expect((await onRefusal()).target).toBe(other.trustAnchorArn);
  });
});

describe('profile', () => {
  let folder: string;
  let files: { configFilepath: string; filepath: string; stsEndpoint: string };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-profile-'));
    const { stsEndpoint } = sandbox;
    files = { configFilepath: join(folder, 'config'), filepath: join(folder, 'credentials'), stsEndpoint };
    const roleArn = addRole('Workload', 'Base');
    const lines = ['[profile workload]', `role_arn = ${roleArn}`, 'source_profile = on-prem', 'role_session_name = me'];
    writeFileSync(files.configFilepath, `${lines.join('\n')}\n${sandbox.configSection('on-prem')}`);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('follows role_arn and source_profile to the profile with our keys', async () => {
    const credentials = fromRolesAnywhere({ ...files, profile: 'workload' });
    expect(await callerOf(credentials)).toBe(`arn:aws:sts::${account}:assumed-role/Workload/me`);
  });

  test('the roles of roleChain come behind those of the profile', async () => {
    const roleChain = [{ roleArn: addRole('Last', 'Workload'), roleSessionName: 'behind' }];
    const credentials = fromRolesAnywhere({ ...files, profile: 'workload', roleChain });
    expect(await callerOf(credentials)).toBe(`arn:aws:sts::${account}:assumed-role/Last/behind`);
    expect(sandbox.requests.filter(({ operation }) => operation === 'AssumeRole')).toHaveLength(2);
  });

  test('the init goes before the profile', async () => {
    const credentials = fromRolesAnywhere({ ...files, profile: 'on-prem', roleArn: 'nothing' });
    await expect(credentials()).rejects.toMatchObject({ code: 'ARN_INVALID' });
  });
});
