import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCredentialChain } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providerIn } from '../../../src/outputs/provider/from-roles-anywhere.ts';
import type { CallerConfig, FromRolesAnywhereInit } from '../../../src/outputs/provider/init.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { arnsOf, initFor, sessionsOf, surroundings } from './surroundings.ts';

let sandbox: Sandbox;
let folder: string;

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['First', 'Second'] });
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-profiles-'));
});

afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

type Environment = Readonly<Record<string, string>>;

/** Environment with a configuration file. */
function withConfig(text: string, environment: Environment = {}): Environment {
  const path = join(folder, 'config');
  writeFileSync(path, text);
  return { AWS_CONFIG_FILE: path, ...environment };
}

/** The sandbox's profile, under another name and with another role. */
function section(name: string, role = 'First'): string {
  const roleArn = `arn:aws:iam::${sandbox.accountId}:role/${role}`;
  return sandbox.configSection(name).replace(sandbox.roleArn, roleArn);
}

const failure = (environment: Environment, init: FromRolesAnywhereInit = {}) =>
  rejectionOf(providerIn(surroundings(environment), init)());

const lastRole = () => sandbox.requests.at(-1)?.session?.arn ?? '';
const another = { accessKeyId: 'ANOTHER-IDENTITY', secretAccessKey: 'x' };

describe('a chain goes on when nothing at all is configured', () => {
  test.each<[string, FromRolesAnywhereInit, Environment]>([
    ['nothing', {}, {}],
    ['how, and not of whom', { durationSeconds: 900, region: 'eu-west-1', maxAttempts: 1, logger: console }, {}],
    ['an empty chain', { roleChain: [], fallback: [] }, {}],
    ['settings of the environment', {}, { ROLES_ANYWHERE_SESSION_DURATION: '900', AWS_CA_BUNDLE: '/x' }],
    [
      'what others read too',
      {},
      { PKCS11_MODULE_PATH: '/x.so', TPM2TOOLS_TCTI: 'x', AWS_ENDPOINT_URL: 'https://x.example' },
    ],
    ['a profile that is not there', {}, { AWS_PROFILE: 'missing' }],
    ['a password that a template left empty', {}, { ROLES_ANYWHERE_PKCS8_PASSWORD: '' }],
  ])('%s', async (_name, init, environment) => {
    const error = await failure(environment, init);
    expect(error).toMatchObject({ code: 'NOT_CONFIGURED', tryNextLink: true });
    const chain = createCredentialChain(providerIn(surroundings(environment), init), () => Promise.resolve(another));
    expect((await chain()).accessKeyId).toBe('ANOTHER-IDENTITY');
  });

  test.each([
    ['keys', '[default]\naws_access_key_id = A\naws_secret_access_key = b\n'],
    ['Identity Center', '[default]\nsso_session = x\n[sso-session x]\n'],
    ['a role with MFA', '[default]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = b\nmfa_serial = c\n'],
    ['a circle', '[default]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = default\n'],
    ['another process', '[default]\ncredential_process = /opt/vault credentials\n'],
    ['the cache alone', '[default]\nroles_anywhere_cache = true\n'],
    ['our keys, in a profile nobody asked for', '[profile other]\nroles_anywhere_certificate = /x\n'],
  ])('the default profile is for others: %s', async (_name, text) => {
    expect(await failure(withConfig(text))).toMatchObject({
      code: 'NOT_CONFIGURED',
      tryNextLink: true,
      hints: expect.arrayContaining(['profile default is not there, or has no options of Roles Anywhere']) as string[],
    });
  });
});

describe('half a configuration is a mistake, and ends a chain', () => {
  test.each<[string, FromRolesAnywhereInit, Environment]>([
    ['a certificate', { certificate: '/etc/pki/leaf.pem' }, {}],
    ['a certificate of the environment', {}, { ROLES_ANYWHERE_CERTIFICATE: '/etc/pki/leaf.pem' }],
    ['a key', { privateKey: '/etc/pki/leaf.key' }, {}],
    ['one ARN', { roleArn: 'arn:aws:iam::111122223333:role/OnPrem' }, {}],
    ['one ARN of the environment', {}, { ROLES_ANYWHERE_ROLE_ARN: 'arn:aws:iam::111122223333:role/OnPrem' }],
    ['a session name', { roleSessionName: 'nightly' }, {}],
    ['a password', { pkcs8Password: () => 'x' }, {}],
    ['a module', { pkcs11Lib: '/usr/lib/module.so' }, {}],
    ['a chain', { roleChain: [{ roleArn: 'arn:aws:iam::111122223333:role/Other' }] }, {}],
    ['an empty fallback', { fallback: [{}] }, {}],
  ])('%s', async (_name, init, environment) => {
    const error = await failure(environment, init);
    expect(error).toMatchObject({ code: 'OPTION_MISSING', tryNextLink: false });
    const chain = createCredentialChain(providerIn(surroundings(environment), init), () => Promise.resolve(another));
    expect(await rejectionOf(chain())).toMatchObject({ code: 'OPTION_MISSING' });
  });

  test('a fallback that is nothing at all, behind a way that is whole', async () => {
    const error = await failure({}, { ...initFor(sandbox), fallback: [{}] });
    expect(error).toMatchObject({ code: 'OPTION_MISSING', tryNextLink: false });
    expect(error.message).toContain('fallback[0]: nothing is configured');
  });

  test('a profile that was asked for and has nothing', async () => {
    const error = await failure(withConfig('[profile bare]\nregion = eu-west-1\n'), { profile: 'bare' });
    expect(error).toMatchObject({ code: 'OPTION_MISSING', tryNextLink: false });
  });

  test.each([
    ['half', '[default]\nroles_anywhere_certificate = /x\n', 'OPTION_MISSING'],
    ['misspelt', '[default]\nroles_anywhere_certficate = /x\n', 'CONFIG_INVALID'],
    [
      'a line of ours with a mistake',
      '[default]\ncredential_process = roles-anywhere credential-process --rol x\n',
      'OPTION_UNKNOWN',
    ],
  ])('the default profile is ours, and %s', async (_name, text, code) => {
    expect(await failure(withConfig(text))).toMatchObject({ code, tryNextLink: false });
  });

  test('a proxy that refuses is no network that is down', async () => {
    const { RolesAnywhereError } = await import('../../../src/core/errors.ts');
    expect(new RolesAnywhereError('NETWORK_PROXY', 'm').tryNextLink).toBe(false);
  });
});

describe('where neither a profile nor ARNs are given, the profile is found as fromIni finds it', () => {
  const profiles = () => `${section('default')}\n${section('second', 'Second')}\n`;

  test.each<[string, Environment, CallerConfig, role: string]>([
    ['default', {}, {}, 'First'],
    ['AWS_PROFILE', { AWS_PROFILE: 'second' }, {}, 'Second'],
    ['that of the client', {}, { profile: 'second' }, 'Second'],
    ['that of the client before AWS_PROFILE', { AWS_PROFILE: 'default' }, { profile: 'second' }, 'Second'],
    ['an empty one is none', { AWS_PROFILE: '' }, { profile: '' }, 'First'],
  ])('%s', async (_name, environment, callerClientConfig, role) => {
    await providerIn(surroundings(withConfig(profiles(), environment)), {})({ callerClientConfig });
    expect(lastRole()).toContain(`assumed-role/${role}/`);
  });

  test('one that is followed by role_arn and source_profile', async () => {
    const hop = `[profile hop]\nrole_arn = arn:aws:iam::${sandbox.accountId}:role/Second\nsource_profile = default\n`;
    const environment = { AWS_PROFILE: 'hop', AWS_ENDPOINT_URL_STS: sandbox.stsEndpoint };
    await providerIn(surroundings(withConfig(`${section('default')}\n${hop}`, environment)), {})();
    expect(sandbox.requests.at(-1)?.operation).toBe('AssumeRole');
  });

  test('the client that the provider was made for has a profile too', async () => {
    const environment = withConfig(profiles());
    await providerIn(surroundings(environment), { parentClientConfig: { profile: 'second' } })();
    expect(lastRole()).toContain('assumed-role/Second/');
  });

  test('clients of two profiles that share a provider get credentials of their own, each once', async () => {
    const provider = providerIn(surroundings(withConfig(profiles())), {});
    const before = sessionsOf(sandbox);
    const as = (profile: string) => provider({ callerClientConfig: { profile } });
    const [one, other] = [await as('default'), await as('second')];
    expect(other.accessKeyId).not.toBe(one.accessKeyId);
    expect((await as('default')).accessKeyId).toBe(one.accessKeyId);
    expect((await as('second')).accessKeyId).toBe(other.accessKeyId);
    expect(sessionsOf(sandbox)).toBe(before + 2);
    await provider.close();
    expect((await as('second')).accessKeyId).not.toBe(other.accessKeyId);
  });

  test.each<[string, (arns: Record<string, string>) => { init?: FromRolesAnywhereInit; environment?: Environment }]>([
    ['of the init', ({ trustAnchorArn, profileArn, roleArn }) => ({ init: { trustAnchorArn, profileArn, roleArn } })],
    ['one of the init', ({ roleArn }) => ({ init: { roleArn } })],
    ['one of the environment', ({ roleArn = '' }) => ({ environment: { ROLES_ANYWHERE_ROLE_ARN: roleArn } })],
  ])('ARNs never mix with those of such a profile: %s', async (_name, given) => {
    const { init = {}, environment = {} } = given(arnsOf(sandbox) as Record<string, string>);
    const file = withConfig(profiles(), { AWS_PROFILE: 'second', ...environment });
    const error = await rejectionOf(
      providerIn(surroundings(file), init)({ callerClientConfig: { profile: 'second' } }),
    );
    expect(error).toMatchObject({ code: 'OPTION_MISSING', tryNextLink: false });
    expect(error.message).toContain('certificate');
  });

  test('whole, they are used by all clients, whatever profile these have', async () => {
    const provider = providerIn(surroundings(withConfig(profiles())), initFor(sandbox));
    const one = await provider({ callerClientConfig: { profile: 'second' } });
    expect(lastRole()).toContain('assumed-role/First/');
    expect((await provider({ callerClientConfig: { profile: 'default' } })).accessKeyId).toBe(one.accessKeyId);
  });

  test('certificate and key of the init go before those of the profile, as with a profile that is named', async () => {
    const environment = withConfig(
      section('default').replace(/(roles_anywhere_(?:certificate|private_key)) = .*/g, '$1 = /x'),
    );
    const { certificate, privateKey } = initFor(sandbox);
    const credentials = await providerIn(surroundings(environment), { certificate, privateKey })();
    expect(credentials.accountId).toBe(sandbox.accountId);
  });

  test('a fallback does not look at it', async () => {
    const environment = withConfig(profiles(), { AWS_PROFILE: 'second' });
    const { certificate, privateKey } = initFor(sandbox);
    const error = await failure(environment, { ...initFor(sandbox), fallback: [{ certificate, privateKey }] });
    expect(error.message).toContain('fallback[0]: trustAnchorArn, profileArn and roleArn are missing');
  });
});
