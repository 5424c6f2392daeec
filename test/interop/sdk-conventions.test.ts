/** What the SDK's own providers do beside handing out credentials: their error, their names in the user agent. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { CredentialsProviderError as SameError } from '@smithy/core/config';
import { CredentialsProviderError, ProviderError } from '@smithy/property-provider';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { providerIn } from '../../src/outputs/provider/from-roles-anywhere.ts';
import type { FromRolesAnywhereInit } from '../../src/outputs/provider/init.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { version } from '../../src/version.ts';
import { initFor, surroundings } from '../outputs/provider/surroundings.ts';
import { rejectionOf } from '../support/thrown.ts';

let sandbox: Sandbox;
let relay: Server;
let relayUrl: string;
let folder: string;
/** User agents of the requests that went through the relay, in order. */
let agents: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['First', 'Second'] });
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-sdk-'));
  // The host that was signed goes on as it is.
  relay = createServer((incoming, answer) => {
    agents.push(incoming.headers['user-agent'] ?? '');
    const { method, url: path, headers } = incoming;
    const onward = httpRequest(sandbox.endpoint, { method, path, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  relayUrl = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
});

beforeEach(() => {
  agents = [];
});

afterAll(async () => {
  relay.close();
  relay.closeAllConnections();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

type Environment = Readonly<Record<string, string>>;

const second = () => `arn:aws:iam::${sandbox.accountId}:role/Second`;

const provider = (init: FromRolesAnywhereInit = {}, environment: Environment = {}) =>
  providerIn(surroundings(environment), {
    ...initFor(sandbox),
    endpoint: relayUrl,
    stsEndpoint: relayUrl,
    ...init,
  });

/** An environment whose default profile is the sandbox's, with further lines. */
function profileWith(lines: string): Environment {
  const path = join(folder, 'config');
  const section = sandbox.configSection('default').replaceAll(sandbox.endpoint, relayUrl);
  writeFileSync(
    path,
    section.replace(/^\[.*default\]$/m, (header) => `${header}\n${lines}`),
  );
  return { AWS_CONFIG_FILE: path };
}

async function askBy(credentials: STSClientConfig['credentials'], settings: STSClientConfig = {}): Promise<string> {
  const client = new STSClient({
    region: sandbox.region,
    endpoint: relayUrl,
    ...(credentials === undefined ? {} : { credentials }),
    ...settings,
  });
  await client.send(new GetCallerIdentityCommand({}));
  client.destroy();
  return agents.at(-1) ?? '';
}

describe('an error of the provider is a CredentialsProviderError for whoever tests so', () => {
  test.each<[string, () => Promise<unknown>, code: string]>([
    ['nothing configured', () => providerIn(surroundings(), {})(), 'NOT_CONFIGURED'],
    ['a mistake', () => provider({ region: '?' })(), 'OPTION_INVALID'],
    ['a mistake in words of ours', () => provider({ certificate: '/no/such/file' })(), 'CERTIFICATE_UNREADABLE'],
    ['no network', () => provider({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1 })(), 'NETWORK_UNREACHABLE'],
    ['a refused hop', () => provider({ roleChain: [{ roleArn: `${second()}s` }] })(), 'REFUSED_ASSUME_ROLE'],
  ])('%s: by class, by name, and still one of ours', async (_name, call, code) => {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CredentialsProviderError);
    expect(error).toBeInstanceOf(SameError);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toBeInstanceOf(RolesAnywhereError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'CredentialsProviderError', code, constructor: RolesAnywhereError });
  });

  test('the same error, told again within the pause after a failure', async () => {
    const credentials = provider({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });
    const [one, other] = [await rejectionOf(credentials()), await rejectionOf(credentials())];
    expect([one, other].map((error) => error instanceof CredentialsProviderError)).toEqual([true, true]);
    expect(other.name).toBe('CredentialsProviderError');
  });

  test('through a client', async () => {
    const error: unknown = await askBy(provider({ region: '?' })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CredentialsProviderError);
    expect(error).toMatchObject({ code: 'OPTION_INVALID', tryNextLink: false });
  });

  test('who gave up gets the reason that was given, and no error of ours', async () => {
    const reason = new Error('no time');
    await expect(provider()({ abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(reason).not.toBeInstanceOf(CredentialsProviderError);
  });
});

describe('where credentials come from, a client of the SDK says in its user agent', () => {
  const features = (agent: string) => / m\/(\S+)/.exec(agent)?.[1]?.split(',') ?? [];

  test.each<[string, () => ReturnType<typeof provider>, ids: string[], others: string[]]>([
    ['the init', () => provider(), ['e', 'T'], ['n', 'i']],
    ['the init, with a chain', () => provider({ roleChain: [{ roleArn: second() }] }), ['e', 'i', 'T'], ['n']],
    ['a profile', () => providerIn(surroundings(profileWith('')), {}), ['n', 'T'], ['e', 'i']],
    ['a profile that is named', () => providerIn(surroundings(profileWith('')), { profile: 'default' }), ['n'], ['e']],
  ])('%s', async (_name, credentials, ids, others) => {
    const found = features(await askBy(credentials()));
    expect(found).toEqual(expect.arrayContaining(ids));
    expect(found.filter((id) => others.includes(id))).toEqual([]);
  });

  test('of several ways it is the one that served', async () => {
    const fallback = [{ profile: 'default', configFilepath: profileWith('')['AWS_CONFIG_FILE'] }];
    const credentials = provider({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1, fallback });
    expect(features(await askBy(credentials))).toContain('n');
  });

  test('what one caller adds to it, no other sees', async () => {
    const credentials = provider();
    const one = (await credentials()) as { $source?: Record<string, string> };
    Object.assign(one.$source ?? {}, { CREDENTIALS_ENV_VARS: 'g' });
    expect(await credentials()).toMatchObject({ $source: { CREDENTIALS_CODE: 'e' } });
    expect(await credentials()).not.toMatchObject({ $source: { CREDENTIALS_ENV_VARS: 'g' } });
  });
});

describe('the name of the application goes into the user agent of every request', () => {
  const ours = `roles-anywhere/${version}`;
  const roleChain = () => [{ roleArn: second() }];

  test.each<[string, FromRolesAnywhereInit, () => Environment, app: string]>([
    ['the init', { userAgentAppId: 'mine' }, () => ({ AWS_SDK_UA_APP_ID: 'theirs' }), 'app/mine'],
    ['the environment', {}, () => ({ AWS_SDK_UA_APP_ID: 'mine' }), 'app/mine'],
    [
      'the client',
      { parentClientConfig: { userAgentAppId: () => Promise.resolve('mine') } },
      () => ({ AWS_SDK_UA_APP_ID: 'theirs' }),
      'app/mine',
    ],
    [
      'a client that fails',
      { parentClientConfig: { userAgentAppId: () => Promise.reject(new Error('x')) } },
      () => ({}),
      '',
    ],
    ['signs that break a header', { userAgentAppId: 'my app\r\nx: y' }, () => ({}), 'app/my-app--x--y'],
    ['none', {}, () => ({}), ''],
  ])('%s', async (_name, init, environment, app) => {
    await provider({ ...init, roleChain: roleChain() }, environment())();
    const [session = '', hop = ''] = agents;
    expect(session).toBe(app === '' ? ours : `${ours} ${app}`);
    expect(hop.replace(/ m\/\S+/, '')).toBe(session);
  });

  test('a profile', async () => {
    await providerIn(surroundings(profileWith('sdk_ua_app_id = mine')), {})();
    expect(agents).toEqual([`${ours} app/mine`]);
  });

  test('that of the client which calls', async () => {
    const ofClient = await askBy(provider(), { userAgentAppId: 'mine' });
    expect(agents[0]).toBe(`${ours} app/mine`);
    expect(ofClient).toContain('app/mine');
  });

  test('clientConfig has its own for the hops', async () => {
    await provider({ userAgentAppId: 'mine', clientConfig: { userAgentAppId: 'hop' }, roleChain: roleChain() })();
    expect(agents[1]).toContain('app/hop');
    expect(agents[1]).not.toContain('app/mine');
  });

  test('one that is too long is warned of and left out', async () => {
    const warnings: unknown[] = [];
    const silent = () => undefined;
    const logger = { debug: silent, info: silent, error: silent, warn: (line: unknown) => warnings.push(line) };
    await provider({ userAgentAppId: 'x'.repeat(51), logger })();
    expect(agents).toEqual([ours]);
    expect(warnings.join()).toContain('userAgentAppId has 51 characters, and may have 50: it is left out');
  });

  test('one that is no text is named', async () => {
    const init = { userAgentAppId: 5 } as unknown as FromRolesAnywhereInit;
    expect((await rejectionOf(provider(init)())).message).toContain('userAgentAppId must be a string');
  });
});
