/** How STS is reached: by the same network options as CreateSession, and by nothing that was not given. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import type { Credentials } from '../../../src/core/credentials.ts';
import { obtainCredentials } from '../../../src/pipeline/pipeline.ts';
import { roleLinks } from '../../../src/aws/assume-role/role-links.ts';
import type { StsClientConfig, StsOptions } from '../../../src/aws/assume-role/role-hop.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import type { NetworkOptions } from '../../../src/aws/create-session/session-request.ts';
import { type ConnectProxy, startConnectProxy } from '../../support/connect-proxy.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../../support/openssl.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { type ChainSettings, chainRequest, chainWorld } from './chain-request.ts';

const hosts = [
  'sts.eu-west-1.amazonaws.com',
  'sts.eu-central-1.amazonaws.com',
  'sts-fips.eu-west-1.amazonaws.com',
  'sts.eu-west-1.api.aws',
  'sts.cn-north-1.amazonaws.com.cn',
  'sts.us-gov-west-1.amazonaws.com',
  'custom.test',
];

let folder: string;
let ca: string;
let sandbox: Sandbox;
let role: string;
let proxy: ConnectProxy;

beforeAll(async () => {
  folder = makeFolder();
  const authority = makeCa(folder, 'ca');
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  const extensions = [`subjectAltName = IP:127.0.0.1,${names}`];
  const server = makeLeaf(folder, 'server', authority, { extensions });
  ca = authority.certificate;
  const tls = { key: readFileSync(server.key, 'utf8'), cert: readFileSync(server.certificate, 'utf8') };
  sandbox = await startSandbox({ region: 'eu-west-1', roles: ['Worker'], tls });
  role = sandbox.addRole('Role');
  proxy = await startConnectProxy(Number(new URL(sandbox.endpoint).port));
});

afterAll(async () => {
  proxy.close();
  await sandbox.close();
  removeFolder(folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const trusted = (): Partial<NetworkOptions> => ({ caBundle: { path: ca, option: '--ca-bundle' } });

/** The network that leads every host to the sandbox. */
const proxied = (): Partial<NetworkOptions> => ({
  ...trusted(),
  proxy: { url: `http://127.0.0.1:${proxy.port}`, option: 'HTTPS_PROXY' },
});

function obtain(settings: Partial<ChainSettings> = {}): Promise<Credentials> {
  const whole = { hops: [{ roleArn: role }], network: trusted(), ...settings };
  return obtainCredentials(chainRequest(sandbox, whole), chainWorld().context);
}

/** What the proxy was asked for while the role was assumed. */
async function hostOf(sts: Partial<StsOptions> = {}, hop: { region?: string } = {}): Promise<string | undefined> {
  const request = chainRequest(sandbox, { hops: [{ roleArn: role, ...hop }], network: proxied() });
  await obtainCredentials({ ...request, sts: { fips: false, dualStack: false, ...sts } }, chainWorld().context);
  return proxy.asked.at(-1)?.target;
}

describe('the network options', () => {
  it('a CA bundle is what counts', async () => {
    expect(await obtain()).toMatchObject({ accountId: '111122223333' });
    const request = chainRequest(sandbox, { hops: [{ roleArn: role }], network: {} });
    const [assume] = roleLinks(request, chainWorld().context);
    const failure = await rejectionOf(assume?.(await obtain()) ?? Promise.resolve());
    expect(failure).toMatchObject({ code: 'NETWORK_TLS' });
    expect(failure.message).toMatch(/for roleChain\[0\] \(hop 1 of 1/);
  });

  it('without verification it goes through', async () => {
    expect(await obtain({ network: { verify: false } })).toMatchObject({ accountId: '111122223333' });
  });

  it('a proxy leads to the endpoint of the region', async () => {
    expect(await hostOf()).toBe('sts.eu-west-1.amazonaws.com:443');
  });

  it('a proxy that refuses is named', async () => {
    const refusing = await startConnectProxy(1, { credentials: 'user:right' });
    const refused = { url: `http://127.0.0.1:${refusing.port}`, option: 'HTTPS_PROXY' };
    const sts = { endpoint: { url: 'https://custom.test', option: '--sts-endpoint' } };
    const failure = await rejectionOf(obtain({ network: { ...trusted(), proxy: refused }, sts }));
    expect(failure).toMatchObject({ code: 'NETWORK_PROXY' });
    refusing.close();
  });
});

describe('the endpoint', () => {
  it.each([
    ['the region of the hop', {}, { region: 'eu-central-1' }, 'sts.eu-central-1.amazonaws.com:443'],
    ['FIPS', { fips: true }, {}, 'sts-fips.eu-west-1.amazonaws.com:443'],
    ['dual-stack', { dualStack: true }, {}, 'sts.eu-west-1.api.aws:443'],
    ['FIPS in GovCloud', { fips: true }, { region: 'us-gov-west-1' }, 'sts.us-gov-west-1.amazonaws.com:443'],
    ['China', {}, { region: 'cn-north-1' }, 'sts.cn-north-1.amazonaws.com.cn:443'],
    ['one of the user', { endpoint: { url: 'https://custom.test:8443/', option: 'o' } }, {}, 'custom.test:8443'],
  ])('%s', async (_name, sts, hop, target) => {
    expect(await hostOf(sts, hop)).toBe(target);
  });

  it('that would send the token in the clear is refused, naming the option', async () => {
    const before = proxy.asked.length;
    const sts = { endpoint: { url: 'http://sts.example', option: 'AWS_ENDPOINT_URL_STS' } };
    expect(await rejectionOf(obtain({ sts, network: proxied() }))).toMatchObject({
      code: 'ENDPOINT_INVALID',
      message: expect.stringMatching(/^AWS_ENDPOINT_URL_STS would send the request to sts.example unencrypted/),
    });
    const clientConfig = { endpoint: 'http://sts.example' };
    expect(await rejectionOf(obtain({ sts: { clientConfig }, network: proxied() }))).toMatchObject({
      code: 'ENDPOINT_INVALID',
      message: expect.stringMatching(/^the endpoint of STS would be reached unencrypted at sts.example/),
    });
    expect(proxy.asked).toHaveLength(before);
  });
});

describe('what was not given has no say', () => {
  const misleading: Record<string, string> = {
    AWS_PROFILE: 'nobody',
    AWS_REGION: 'mars-north-1',
    AWS_DEFAULT_REGION: 'mars-north-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_USE_DUALSTACK_ENDPOINT: 'nonsense',
    AWS_STS_REGIONAL_ENDPOINTS: 'legacy',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'other',
    AWS_MAX_ATTEMPTS: 'many',
    AWS_RETRY_MODE: 'nonsense',
    AWS_DEFAULTS_MODE: 'nonsense',
    AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a,noAuth',
    AWS_SIGV4A_SIGNING_REGION_SET: '*',
    AWS_SDK_UA_APP_ID: 'x'.repeat(100),
    AWS_EC2_METADATA_DISABLED: 'true',
  };

  it('the environment', async () => {
    for (const [name, value] of Object.entries(misleading)) vi.stubEnv(name, value);
    expect(await hostOf()).toBe('sts.eu-west-1.amazonaws.com:443');
  });

  const configurations: [string, (path: string) => void][] = [
    [
      'that misleads',
      (path) => writeFileSync(path, `[default]\n${misleadingKeys}\n[profile other]\n${misleadingKeys}`),
    ],
    ['that is broken', (path) => writeFileSync(path, '[profile\n = \n[[[default]\nregion')],
    ['that is a folder', (path) => mkdirSync(path)],
    ['that is not there', () => undefined],
  ];
  const misleadingKeys = [
    'region = mars-north-1',
    'endpoint_url = http://127.0.0.1:9',
    'use_fips_endpoint = true',
    'use_dualstack_endpoint = nonsense',
    'max_attempts = many',
    'retry_mode = nonsense',
    'defaults_mode = nonsense',
    'services = here',
    'role_arn = arn:aws:iam::111122223333:role/Other',
    'source_profile = other',
    '[services here]',
    'sts =',
    '  endpoint_url = http://127.0.0.1:9',
  ].join('\n');
  it.each(configurations)('a configuration file %s', async (name, write) => {
    const path = join(folder, name.replaceAll(' ', '-'));
    write(path);
    for (const variable of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL_STS'])
      vi.stubEnv(variable, undefined);
    vi.stubEnv('AWS_CONFIG_FILE', path);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', path);
    for (const profile of [undefined, 'other']) {
      vi.stubEnv('AWS_PROFILE', profile);
      expect(await hostOf()).toBe('sts.eu-west-1.amazonaws.com:443');
    }
  });
});

describe('settings of a caller for the client', () => {
  /** Answers with a status and keeps what came. */
  function handlerThat(answer: () => { statusCode: number; body: string }) {
    const requests: { hostname: string; headers: Record<string, string> }[] = [];
    const requestHandler = {
      handle: (request: { hostname: string; headers: Record<string, string> }) => {
        requests.push(request);
        const { statusCode, body } = answer();
        return Promise.resolve({ response: { statusCode, headers: {}, body: Buffer.from(body) } });
      },
      updateHttpClientConfig: () => undefined,
      httpHandlerConfigs: () => ({}),
    };
    return { requests, requestHandler };
  }

  const unavailable = (): { statusCode: number; body: string } => ({ statusCode: 503, body: '' });

  function withConfig(clientConfig: StsClientConfig, hop: { region?: string } = {}, maxAttempts = 1) {
    const request = chainRequest(sandbox, {
      hops: [{ roleArn: role, ...hop }],
      network: { ...trusted(), maxAttempts },
    });
    return obtainCredentials(
      { ...request, sts: { fips: false, dualStack: false, clientConfig } },
      chainWorld().context,
    );
  }

  it.each([
    ['their region', { region: 'eu-central-1' }, {}, 'sts.eu-central-1.amazonaws.com'],
    [
      'the region of the hop before it',
      { region: 'eu-central-1' },
      { region: 'us-east-2' },
      'sts.us-east-2.amazonaws.com',
    ],
    ['a region left undefined', { region: undefined } as StsClientConfig, {}, 'sts.eu-west-1.amazonaws.com'],
    ['their endpoint', { endpoint: 'https://custom.test' }, {}, 'custom.test'],
    ['their kind of endpoint', { useFipsEndpoint: true }, {}, 'sts-fips.eu-west-1.amazonaws.com'],
  ])('%s', async (_name, clientConfig, hop, host) => {
    const { requests, requestHandler } = handlerThat(unavailable);
    const failure = await rejectionOf(withConfig({ ...clientConfig, requestHandler }, hop));
    expect(failure.code).toBe('SERVICE_UNAVAILABLE');
    expect(requests.map(({ hostname }) => hostname)).toEqual([host]);
  });

  it('our attempts, or theirs', async () => {
    const ours = handlerThat(unavailable);
    await rejectionOf(withConfig({ requestHandler: ours.requestHandler }, {}, 2));
    expect(ours.requests).toHaveLength(2);
    const theirs = handlerThat(unavailable);
    await rejectionOf(withConfig({ requestHandler: theirs.requestHandler, maxAttempts: 1 }, {}, 3));
    expect(theirs.requests).toHaveLength(1);
  });

  it.each([
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'NETWORK_UNREACHABLE'],
    [Object.assign(new Error('took too long'), { name: 'TimeoutError' }), 'NETWORK_TIMEOUT'],
  ])('%s of theirs is an error of ours', async (thrown, code) => {
    const { requestHandler } = handlerThat(() => {
      throw thrown;
    });
    expect(await rejectionOf(withConfig({ requestHandler }))).toMatchObject({ code, cause: thrown });
  });

  it('our name is told, and nothing of this machine', async () => {
    const { requests, requestHandler } = handlerThat(unavailable);
    await rejectionOf(withConfig({ requestHandler }));
    expect(requests[0]?.headers['user-agent']).toMatch(/^roles-anywhere\/0\.0\.0( m\/\S+)?$/);
  });

  it('credentials of theirs are not used', async () => {
    const clientConfig = { credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'other' } };
    const request = chainRequest(sandbox, { hops: [{ roleArn: role }], network: trusted(), sts: { clientConfig } });
    expect(await obtainCredentials(request, chainWorld().context)).toMatchObject({ accountId: '111122223333' });
  });
});
