/**
 * Networks of companies: hosts that only a proxy reaches, and TLS that ends at a CA of the company's. The proxy leads every name of AWS's to a sandbox with a
 * certificate for it, so that the command runs with no endpoint of its own.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { providerIn } from '../../src/outputs/provider/from-roles-anywhere.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { surroundings } from '../outputs/provider/surroundings.ts';
import { type CommandResult, executable, runCommand } from '../support/command.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { needsMounts } from '../support/programs.ts';

const rolesAnywhere = 'rolesanywhere.eu-west-1.amazonaws.com';
const sts = 'sts.eu-west-1.amazonaws.com';

let folder: string;
let ca: string;
let other: string;
/** A folder of certificates, as an administrator adds to. */
let corporate: string;
let sandbox: Sandbox;
let proxy: ConnectProxy;
let secondRole: string;

beforeAll(async () => {
  folder = makeFolder();
  const authority = makeCa(folder, 'ca');
  ca = authority.certificate;
  other = makeCa(folder, 'other').certificate;
  corporate = join(folder, 'corporate');
  mkdirSync(corporate);
  copyFileSync(ca, join(corporate, 'company.pem'));
  const extensions = [`subjectAltName = DNS:localhost,IP:127.0.0.1,IP:0.0.0.0,DNS:${rolesAnywhere},DNS:${sts}`];
  const server = makeLeaf(folder, 'server', authority, { extensions });
  const tls = { key: readFileSync(server.key, 'utf8'), cert: readFileSync(server.certificate, 'utf8') };
  sandbox = await startSandbox({ region: 'eu-west-1', tls });
  secondRole = sandbox.addRole('Second');
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

beforeEach(async () => {
  proxy = await startConnectProxy(Number(new URL(sandbox.endpoint).port));
  return () => proxy.close();
});

/** Everything but an endpoint. */
function identityOptions(): Record<string, string> {
  return {
    ROLES_ANYWHERE_CERTIFICATE: sandbox.certificatePath,
    ROLES_ANYWHERE_PRIVATE_KEY: sandbox.privateKeyPath,
    ROLES_ANYWHERE_TRUST_ANCHOR_ARN: sandbox.trustAnchorArn,
    ROLES_ANYWHERE_PROFILE_ARN: sandbox.profileArn,
    ROLES_ANYWHERE_ROLE_ARN: sandbox.roleArn,
    ROLES_ANYWHERE_MAX_ATTEMPTS: '1',
  };
}

function run(env: Record<string, string>, ...args: readonly string[]): Promise<CommandResult> {
  return runCommand(['credential-process', ...args], {
    env: { ...identityOptions(), AWS_CA_BUNDLE: ca, ...env },
  });
}

const accessKey = /"AccessKeyId":"ASIA/;

describe('HTTPS_PROXY without --with-proxy', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])('is obeyed for session and role: %s', async (variable) => {
    const result = await run({ [variable]: `http://127.0.0.1:${proxy.port}` }, '--assume-role', secondRole);

    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(accessKey);
    expect(proxy.asked.map(({ target }) => target)).toEqual([`${rolesAnywhere}:443`, `${sts}:443`]);
  });

  it('is obeyed by the provider, for session and role', async () => {
    const env = { ...identityOptions(), AWS_CA_BUNDLE: ca, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };

    await providerIn(surroundings(env), { roleChain: [{ roleArn: secondRole }] })();

    expect(proxy.asked.map(({ target }) => target)).toEqual([`${rolesAnywhere}:443`, `${sts}:443`]);
  });

  /** Linux takes it for this machine, and proxies are not told so. */
  const straight = (): string => sandbox.endpoint.replace('127.0.0.1', '0.0.0.0');

  it.each([
    ['--with-proxy=false', {}, ['--with-proxy=false']],
    ['its variable', { ROLES_ANYWHERE_WITH_PROXY: 'false' }, []],
    ['NO_PROXY', { NO_PROXY: '10.0.0.0/8,0.0.0.0' }, []],
    ['no_proxy', { no_proxy: '*' }, []],
  ])('is said no to by %s', async (_, env, args) => {
    const proxied = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, AWS_ENDPOINT_URL_ROLESANYWHERE: straight() };

    expect(await run({ ...proxied, ...env }, ...args)).toMatchObject({ status: 0, stderr: '' });
    expect(proxy.asked).toEqual([]);
    expect(await run(proxied)).toMatchObject({ status: 0, stderr: '' });
    expect(proxy.asked).toHaveLength(1);
  });

  it('is said no to by the provider', async () => {
    const env = { ...identityOptions(), AWS_CA_BUNDLE: ca, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };

    await providerIn(surroundings(env), { endpoint: straight(), withProxy: false })();

    expect(proxy.asked).toEqual([]);
  });

  it('has no say where this machine is asked', async () => {
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_ROLESANYWHERE: sandbox.endpoint };

    expect(await run(env)).toMatchObject({ status: 0, stderr: '' });
  });

  it('that cannot be one is told without its password', async () => {
    const result = await run({ HTTPS_PROXY: 'http://user:12/hunter2@proxy.test:3128' });

    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/^roles-anywhere: HTTPS_PROXY is no URL of a proxy/);
    expect(result.stderr).toContain('percent-encode');
    expect(result.stderr).not.toMatch(/hunter2|:12\b/);
    expect((await run({ https_proxy: 'socks5://127.0.0.1:1' })).stderr).toMatch(
      /^roles-anywhere: https_proxy names a socks5 proxy/,
    );
  });

  it('that cannot be reached is named with its variable', async () => {
    const result = await run({ HTTPS_PROXY: 'http://127.0.0.1:1' });

    expect(result.status).toBe(5);
    expect(result.stderr).toMatch(
      /^roles-anywhere: the proxy 127\.0\.0\.1:1 of HTTPS_PROXY cannot be reached \(ECONNREFUSED\)/,
    );
  });
});

/** Runs with HTTPS_PROXY and without AWS_CA_BUNDLE, session and role. */
function inspected(env: Record<string, string>, wrapper: readonly string[] = []): Promise<CommandResult> {
  const proxied = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
  return runCommand(['credential-process', '--assume-role', secondRole], {
    env: { ...identityOptions(), ...proxied, ...env },
    wrapper,
  });
}

describe('a network that inspects TLS', () => {
  it('is not trusted unless somebody says so, and is named', async () => {
    const result = await inspected({});

    expect(result).toMatchObject({ status: 5, stdout: '' });
    expect(result.stderr).toContain(`the TLS certificate of ${rolesAnywhere}:443`);
    // Bun shows no certificate that it does not trust.
    const named = "hint: the certificate leads to the CA 'CN=ca': as AWS has none but public CAs";
    expect(result.stderr.includes(named)).toBe(executable === undefined);
  });

  it.each([
    ['SSL_CERT_FILE', () => ({ SSL_CERT_FILE: ca })],
    ['SSL_CERT_DIR', () => ({ SSL_CERT_DIR: `${folder}/nowhere:${corporate}` })],
    ['NODE_EXTRA_CA_CERTS', () => ({ NODE_EXTRA_CA_CERTS: ca })],
    ['NODE_EXTRA_CA_CERTS beside another', () => ({ NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: other })],
    ['AWS_CA_BUNDLE before another', () => ({ AWS_CA_BUNDLE: ca, SSL_CERT_FILE: other })],
  ])('is trusted for session and role by %s', async (_, env) => {
    const result = await inspected(env());

    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(accessKey);
  });

  it('is trusted by the provider with SSL_CERT_FILE', async () => {
    const env = { ...identityOptions(), HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, SSL_CERT_FILE: ca };

    await providerIn(surroundings(env), { roleChain: [{ roleArn: secondRole }] })();

    expect(proxy.asked).toHaveLength(2);
  });

  it('is not trusted by SSL_CERT_FILE where a CA bundle names another', async () => {
    expect((await inspected({ SSL_CERT_FILE: ca, AWS_CA_BUNDLE: other })).status).toBe(5);
  });
});

describe('the store of the system', needsMounts(), () => {
  /** The command sees a system whose store is one folder of ours. */
  function system(store: string): readonly string[] {
    const script = `mount --bind "${store}" /etc/ssl/certs && exec "$@"`;
    return ['unshare', '-rm', 'sh', '-c', script, 'sh'];
  }

  beforeAll(() => {
    mkdirSync(join(folder, 'bundled'));
    copyFileSync(ca, join(folder, 'bundled', 'ca-certificates.crt'));
  });

  it.each(['bundled', 'corporate'])('is trusted for session and role: %s', async (store) => {
    const result = await inspected({}, system(join(folder, store)));

    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(accessKey);
    // One more handshake each, as nothing is looked up before it is needed.
    expect(proxy.asked.map(({ target }) => target)).toEqual([
      ...[`${rolesAnywhere}:443`, `${rolesAnywhere}:443`],
      ...[`${sts}:443`, `${sts}:443`],
    ]);
  });

  it('gives way to SSL_CERT_FILE and SSL_CERT_DIR, each for its part, and to a CA bundle', async () => {
    const bundled = system(join(folder, 'bundled'));
    const corporateOnly = system(corporate);

    expect((await inspected({ SSL_CERT_FILE: other }, corporateOnly)).status).toBe(0);
    expect((await inspected({ SSL_CERT_DIR: `${folder}/nowhere` }, corporateOnly)).status).toBe(5);
    expect((await inspected({ SSL_CERT_FILE: other, SSL_CERT_DIR: `${folder}/nowhere` }, bundled)).status).toBe(5);
    expect((await inspected({ AWS_CA_BUNDLE: other }, bundled)).status).toBe(5);
  });
});
