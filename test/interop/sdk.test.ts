import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromIni, fromProcess } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type AwsHome, makeAwsHome } from './sandbox-profile.ts';

describe('the SDK for JavaScript with credential_process', () => {
  let sandbox: Sandbox;
  let home: AwsHome;
  const outside = { ...process.env };

  beforeAll(async () => {
    sandbox = await startSandbox();
    home = makeAwsHome(sandbox);
    // fromProcess starts the command through a shell with this process's environment.
    Object.assign(process.env, home.env);
  });

  afterAll(async () => {
    for (const name of Object.keys(home.env)) delete process.env[name];
    Object.assign(process.env, outside);
    home.remove();
    await sandbox.close();
  });

  test.each([
    ['fromProcess', fromProcess],
    ['fromIni', fromIni],
  ])('%s', async (_name, provider) => {
    const files = { filepath: home.env['AWS_SHARED_CREDENTIALS_FILE'] ?? '', configFilepath: home.configPath };
    const credentials = await provider({ profile: 'on-prem', ...files, ignoreCache: true })();
    expect(credentials.expiration?.getTime()).toBeGreaterThan(Date.now());

    const sts = new STSClient({ region: sandbox.region, endpoint: sandbox.stsEndpoint, credentials });
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    expect(identity.Account).toBe(sandbox.accountId);
    expect(identity.Arn).toContain(':assumed-role/');
  });
});
