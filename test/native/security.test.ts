/**
 * What of the executable must be as on Node, and what Bun has of its own: each point on the built file, which
 * COMMAND_UNDER_TEST names (`npm run test:native`).
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandResult, root, runCommand } from '../support/command.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import {
  type CertificateOptions,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  removeFolder,
} from '../support/openssl.ts';

let folder: string;
let ca: Issued;
let sandbox: Sandbox;
let trusted: Issued;

const server = (name: string, options: CertificateOptions = {}): Issued =>
  makeLeaf(folder, name, ca, { extensions: ['subjectAltName = DNS:localhost,IP:127.0.0.1'], ...options });

const pairOf = ({ key, certificate }: Issued) => ({
  key: readFileSync(key, 'utf8'),
  cert: readFileSync(certificate, 'utf8'),
});

beforeAll(async () => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  trusted = server('trusted');
  sandbox = await startSandbox({ tls: pairOf(trusted) });
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

function call(
  endpoint: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<CommandResult> {
  const { AWS_CA_BUNDLE: _bundle, ...identity } = sandbox.environment as Record<string, string>;
  return runCommand(['credential-process', '--endpoint', endpoint, '--max-attempts', '1', ...args], {
    env: { ...identity, ...env },
  });
}

const localhost = (port: number | string): string => `https://localhost:${port}`;
const sandboxPort = (): string => new URL(sandbox.endpoint).port;
const bundle = (): Record<string, string> => ({ AWS_CA_BUNDLE: ca.certificate });

/** A server that keeps what it is told. */
async function listen(options: TlsOptions): Promise<{ port: number; told: string[]; server: Server }> {
  const told: string[] = [];
  const listening = createServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => told.push(bytes.toString()));
  });
  listening.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return { port: (listening.address() as AddressInfo).port, told, server: listening };
}

describe('a server that is not to be trusted is told nothing', () => {
  const past = { notBefore: new Date(1e12), notAfter: new Date(1.1e12) };
  const clientOnly = ['subjectAltName = DNS:localhost', 'extendedKeyUsage = clientAuth'];
  const servers: readonly (readonly [string, string, () => TlsOptions])[] = [
    ['of another CA', 'NETWORK_TLS: its issuer', () => pairOf(server('stranger', {}))],
    [
      'for another host',
      'it is for another host',
      () => pairOf(server('other', { extensions: ['subjectAltName = DNS:other.test'] })),
    ],
    ['that has expired', 'has expired', () => pairOf(server('past', past))],
    ['for clients', 'it is not for servers', () => pairOf(server('client', { extensions: clientOnly }))],
    [
      'of TLS 1.1',
      'TLS',
      () => ({ ...pairOf(trusted), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ],
  ];
  let open: Server | undefined;
  afterEach(() => open?.close());

  test.each(servers)('%s', async (name, words, options) => {
    const { port, told, server: listening } = await listen(options());
    open = listening;
    const env = name === 'of another CA' ? { AWS_CA_BUNDLE: makeCa(folder, 'another').certificate } : bundle();
    for (const more of [{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }]) {
      const result = await call(localhost(port), { ...env, ...more });
      expect([result.status, result.stdout]).toEqual([5, '']);
      expect(result.stderr).toContain(words.replace('NETWORK_TLS: ', ''));
    }
    expect(told).toEqual([]);
  });

  test('an address that the certificate is not for', async () => {
    const {
      port,
      told,
      server: listening,
    } = await listen(pairOf(server('named', { extensions: ['subjectAltName = DNS:localhost'] })));
    open = listening;
    expect((await call(`https://127.0.0.1:${port}`, bundle())).stderr).toContain('it is for another host');
    expect(told).toEqual([]);
  });
});

describe('a server that is to be trusted', () => {
  test.each(['localhost', '127.0.0.1'])('by the CA bundle, as %s', async (host) => {
    const result = await call(`https://${host}:${sandboxPort()}`, bundle());
    expect([result.status, result.stderr]).toEqual([0, '']);
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1 });
  });

  test('of a bundle that holds damaged certificates too', async () => {
    const path = join(folder, 'damaged.pem');
    const damaged = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    writeFileSync(path, damaged + readFileSync(ca.certificate, 'utf8') + damaged);
    expect(await call(localhost(sandboxPort()), { AWS_CA_BUNDLE: path })).toMatchObject({ status: 0, stderr: '' });
  });

  test('by SSL_CERT_FILE and by SSL_CERT_DIR', async () => {
    const certificates = join(folder, 'certificates');
    mkdirSync(certificates);
    copyFileSync(ca.certificate, join(certificates, 'ca.pem'));
    for (const env of [{ SSL_CERT_FILE: ca.certificate }, { SSL_CERT_DIR: certificates }]) {
      expect(await call(localhost(sandboxPort()), env)).toMatchObject({ status: 0, stderr: '' });
    }
    expect(await call(localhost(sandboxPort()), {})).toMatchObject({ status: 5, stdout: '' });
  });

  test('with --no-verify-ssl, whoever it is', async () => {
    expect(await call(localhost(sandboxPort()), {}, ['--no-verify-ssl'])).toMatchObject({ status: 0 });
  });
});

describe('a proxy', () => {
  const straight = (): string => `https://0.0.0.0:${sandboxPort()}`;

  test('with a password, and with a wrong one', async () => {
    const proxy = await startConnectProxy(Number(sandboxPort()), { credentials: 'user:pass word' });
    const through = (password: string) => ({
      ...bundle(),
      HTTPS_PROXY: `http://user:${password}@127.0.0.1:${proxy.port}`,
    });
    const host = `https://rolesanywhere.eu-west-1.amazonaws.com:${sandboxPort()}`;
    // The sandbox's certificate is for another host, which is found out behind the tunnel.
    for (const more of [{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }]) {
      const result = await call(host, { ...through('pass%20word'), ...more });
      expect([result.status, result.stdout]).toEqual([5, '']);
      expect(result.stderr).toContain('it is for another host');
    }
    expect(proxy.asked).toHaveLength(2);
    expect((await call(host, through('wrong'))).stderr).toContain('status 407');
    proxy.close();
  });

  test('is not asked where NO_PROXY says so', async () => {
    const env = { ...bundle(), HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '0.0.0.0' };
    expect((await call(straight(), env)).stderr).toContain('it is for another host');
    expect((await call(straight(), { ...env, NO_PROXY: '' })).stderr).toContain('the proxy 127.0.0.1:1');
  });
});

describe('what lies in the current folder, or in NODE_PATH, is neither run nor read', () => {
  let planted: string;
  const ran = (): string[] => readdirSync(planted).filter((name) => name.startsWith('ran-'));

  /** Every package there is in a development installation, which has all that the code imports, and built-in modules. */
  const names = (): string[] => {
    const modules = join(root, 'node_modules');
    const packages = readdirSync(modules).flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
    );
    const builtIn = builtinModules.filter((name) => !name.includes('/') && !name.includes(':'));
    const asked = ['pkcs11js', 'koffi', '@koromix/koffi-linux-x64', 'bun', 'bun:ffi', 'ws', 'undici'];
    return [...new Set([...packages, ...builtIn, ...asked])].filter((name) => !name.startsWith('.'));
  };

  beforeAll(() => {
    planted = join(folder, 'planted');
    mkdirSync(planted);
    const marker = (name: string): string =>
      `require('node:fs').writeFileSync(${JSON.stringify(planted)} + '/ran-' + ${JSON.stringify(encodeURIComponent(name))}, '');`;
    writeFileSync(join(planted, 'evil.cjs'), marker('preload'));
    writeFileSync(join(planted, 'bunfig.toml'), 'preload = ["./evil.cjs"]\n[run]\npreload = ["./evil.cjs"]\n');
    writeFileSync(join(planted, '.env'), 'ROLES_ANYWHERE_ROLE_ARN=not-an-arn\nNODE_OPTIONS=--require=./evil.cjs\n');
    copyFileSync(join(planted, '.env'), join(planted, '.env.production'));
    // This folder is HOME, too, where Bun has one of its own.
    copyFileSync(join(planted, 'bunfig.toml'), join(planted, '.bunfig.toml'));
    writeFileSync(
      join(planted, 'package.json'),
      '{ "type": "commonjs", "imports": { "#x": "./evil.cjs" }, "preload": "./evil.cjs" }',
    );
    writeFileSync(
      join(planted, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { baseUrl: '.', paths: { '*': ['./evil.cjs'], 'node:*': ['./evil.cjs'] } } }),
    );
    for (const name of names()) {
      const at = join(planted, 'node_modules', name);
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, 'package.json'), '{ "main": "index.js" }');
      writeFileSync(join(at, 'index.js'), marker(name));
    }
  });

  const calls: readonly (readonly [string, (second: string) => readonly string[]])[] = [
    ['a session', () => ['credential-process']],
    ['a role behind it', (second) => ['credential-process', '--assume-role', second]],
    ['a cache', () => ['credential-process', '--cache']],
    [
      'a key on a token',
      () => ['sign-string', '--private-key', 'pkcs11:object=none', '--pkcs11-lib', '/nonexistent.so'],
    ],
    ['a key in a TPM', () => ['sign-string', '--private-key', 'handle:0x81000001', '--tpm-device', '/nonexistent']],
    ['help', () => ['serve', '--help']],
    ['the sandbox', () => ['sandbox', '--', 'true']],
    ['a program', () => ['exec', '--', 'true']],
  ];

  test.each(calls)('%s', async (_name, args) => {
    const second = sandbox.addRole('Second');
    const env = { ...sandbox.environment, ...bundle(), HOME: planted, NODE_PATH: join(planted, 'node_modules') };
    const { stderr } = await runCommand(args(second), { cwd: planted, env, input: 'text' });
    expect(stderr).not.toContain('not-an-arn');
    expect(ran()).toEqual([]);
  });

  test('but BUN_OPTIONS runs what it names, as NODE_OPTIONS does on Node (docs/security.md)', async () => {
    await runCommand(['version'], { env: { BUN_OPTIONS: `--preload ${join(planted, 'evil.cjs')}` } });
    expect(existsSync(join(planted, 'ran-preload'))).toBe(true);
  });

  test('and BUN_BE_BUN makes Bun of it (docs/security.md)', async () => {
    const { stdout } = await runCommand(['--print', '6 * 7'], { env: { BUN_BE_BUN: '1' } });
    expect(stdout).toBe('42\n');
  });
});
