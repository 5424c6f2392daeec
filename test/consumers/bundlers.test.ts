import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root } from '../support/command.ts';
import { koffiPackage } from '../support/cryptoki-binding.ts';
import { openssl } from '../support/openssl.ts';
import { consumerTools, outcomeOf } from './tools.ts';

const password = 'correct horse';

/** Every way in bundle.mjs; what is externalised needs the installed packages beside it. */
const ways = [
  'esbuild to CommonJS',
  'esbuild to CommonJS, minified',
  'esbuild to ES modules',
  'webpack',
  'rollup',
  'vite, noExternal',
  'vite, externalised',
  'ncc',
];

const entry = {
  'app.mjs': `
    import { fromRolesAnywhere, RolesAnywhereError } from 'roles-anywhere';
    import { startSandbox } from 'roles-anywhere/sandbox';
    import { runProviderCases } from './provider-cases.mjs';

    async function run() {
      await runProviderCases(fromRolesAnywhere);
      const privateKey = 'pkcs11:token=example?module-path=/nonexistent/module.so';
      await fromRolesAnywhere({ privateKey })().catch((error) => {
        console.log(JSON.stringify({ name: 'PKCS#11', isOurs: error instanceof RolesAnywhereError, code: error.code }));
      });
      const sandbox = await startSandbox();
      Object.assign(process.env, sandbox.environment);
      const { accountId } = await fromRolesAnywhere()();
      await sandbox.close();
      console.log(JSON.stringify({ name: 'a sandbox of its own', accountId }));
    }
    void run();`,
  'app.cjs': `
    const { fromRolesAnywhere } = require('roles-anywhere');
    const { runProviderCases } = require('./provider-cases.mjs');
    void runProviderCases(fromRolesAnywhere);`,
};

/** Like koffi's package for this platform: a bundler that followed it would choke on its native part. */
const addon = {
  'package.json': JSON.stringify({ name: koffiPackage, version: '3.0.0' }),
  'index.js': `
    exports.version = '3.0.0';
    exports.load = (path) => { throw new Error('cannot open ' + path); };
    if (process.env.UNHEARD_OF) require('./koffi.node');`,
  'koffi.node': '\u007fELF',
};

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

describe.skipIf(consumerTools === undefined)('a program that imports the provider', () => {
  const { project, bundlers } = consumerTools ?? { project: '', bundlers: '' };
  let sandbox: Sandbox;
  let environment: NodeJS.ProcessEnv;
  let elsewhere: string;

  beforeAll(async () => {
    elsewhere = mkdtempSync(join(tmpdir(), 'roles-anywhere-bundles-'));
    sandbox = await startSandbox();
    const [encrypted, pkcs12] = [join(elsewhere, 'encrypted.key'), join(elsewhere, 'leaf.p12')];
    const { certificatePath, privateKeyPath } = sandbox;
    openssl(['pkcs8', '-topk8', '-in', privateKeyPath, '-passout', `pass:${password}`, '-out', encrypted]);
    const pair = ['-in', certificatePath, '-inkey', privateKeyPath];
    openssl(['pkcs12', '-export', ...pair, '-passout', `pass:${password}`, '-out', pkcs12]);
    environment = {
      ...sandbox.environment,
      ROLES_ANYWHERE_STS_ENDPOINT: sandbox.stsEndpoint,
      ...{ ENCRYPTED_KEY: encrypted, PKCS12: pkcs12, PASSWORD: password },
      NODE_NO_WARNINGS: '1',
    };
    writeFiles(project, entry);
    writeFiles(join(project, 'node_modules', koffiPackage), addon);
    cpSync(join(root, 'test', 'support', 'provider-cases.mjs'), join(project, 'provider-cases.mjs'));
  });

  afterAll(async () => {
    await sandbox.close();
    rmSync(elsewhere, { recursive: true, force: true });
    rmSync(join(project, 'node_modules', koffiPackage), { recursive: true, force: true });
  });

  /** Bundles one of the entries, away from the project unless what is external must be found. */
  async function bundle(way: string, name: keyof typeof entry): Promise<string> {
    const folder = mkdtempSync(join(way.includes('externalised') ? project : elsewhere, 'out-'));
    const script = join(root, 'test', 'consumers', 'bundle.mjs');
    const built = await outcomeOf([process.execPath, script, way, bundlers, join(project, name), folder], project);
    expect(built).toMatchObject({ status: 0 });
    const { path, warnings } = JSON.parse(built.stdout) as { path: string; warnings: string[] };
    expect(warnings).toEqual([]);
    return path;
  }

  /** Like the installed package: credentials in each way, and a refusal explained. */
  function lines(accountId: string): readonly unknown[] {
    const ok = ['all by the environment', 'PEM text', 'an X509Certificate and a KeyObject', 'functions'];
    return [
      ...[...ok, 'an encrypted key', 'PKCS#12', 'a role on top'].map((name) => ({ name, accountId, lives: true })),
      expect.objectContaining({ name: 'a refusal', code: 'REFUSED_ROLE_NOT_IN_PROFILE' }),
    ];
  }

  async function linesOf(path: string): Promise<unknown[]> {
    const { status, stdout, stderr } = await outcomeOf([process.execPath, path], elsewhere, environment);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const printed = stdout.trim().split('\n');
    return printed.map((line) => JSON.parse(line) as unknown);
  }

  test.each(ways)('is built by %s, and runs', { timeout: 600_000 }, async (way) => {
    const path = await bundle(way, 'app.mjs');
    const written = readdirSync(join(path, '..')).map((name) => readFileSync(join(path, '..', name), 'utf8'));
    expect(written.filter((text) => text.includes('UNHEARD_OF'))).toEqual([]);
    const isAlone = !way.includes('externalised');
    const own = { name: 'a sandbox of its own', accountId: '111122223333' };
    const pkcs11 = (code: string): unknown => ({ name: 'PKCS#11', isOurs: true, code });
    const found = [...lines(sandbox.accountId), pkcs11('PKCS11_MODULE'), own];
    const missing = [...lines(sandbox.accountId), pkcs11('PKCS11_NOT_INSTALLED'), own];
    expect(await linesOf(path)).toEqual(isAlone ? missing : found);
    if (!isAlone) return;
    writeFiles(join(path, '..', 'node_modules', koffiPackage), addon);
    expect(await linesOf(path)).toEqual(found);
  });

  test.each(['esbuild to CommonJS', 'webpack', 'ncc'])(
    'is built by %s out of require(), and runs',
    { timeout: 600_000 },
    async (way) => {
      expect(await linesOf(await bundle(way, 'app.cjs'))).toEqual(lines(sandbox.accountId));
    },
  );
});
