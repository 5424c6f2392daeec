import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root } from '../support/command.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, openssl, removeFolder } from '../support/openssl.ts';

const built = (...path: string[]): string => join(root, 'dist', ...path);
const program = (name: string): string => join(root, 'test', 'support', `${name}-program.mjs`);
const password = 'correct horse';
let folder: string;
let ca: Issued;
let sandboxes: Readonly<Record<'http' | 'https', Sandbox>>;

beforeAll(async () => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  const server = makeLeaf(folder, 'server', ca, { extensions: ['subjectAltName = DNS:localhost, IP:127.0.0.1'] });
  const tls = { cert: readFileSync(server.certificate, 'utf8'), key: readFileSync(server.key, 'utf8') };
  sandboxes = { http: await startSandbox(), https: await startSandbox({ host: 'localhost', tls }) };
});

afterAll(async () => {
  await sandboxes.http.close();
  await sandboxes.https.close();
  removeFolder(folder);
});

/** All that the program asks of its environment, and nothing of ours. */
function environmentFor(sandbox: Sandbox, name: string): NodeJS.ProcessEnv {
  const [encrypted, pkcs12] = [join(folder, `${name}.key`), join(folder, `${name}.p12`)];
  const { certificatePath, privateKeyPath } = sandbox;
  openssl(['pkcs8', '-topk8', '-in', privateKeyPath, '-passout', `pass:${password}`, '-out', encrypted]);
  const pair = ['-in', certificatePath, '-inkey', privateKeyPath];
  openssl(['pkcs12', '-export', ...pair, '-passout', `pass:${password}`, '-out', pkcs12]);
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    DENO_NO_UPDATE_CHECK: '1',
    ...sandbox.environment,
    ROLES_ANYWHERE_STS_ENDPOINT: sandbox.stsEndpoint,
    ROLES_ANYWHERE_CA_BUNDLE: ca.certificate,
    ENCRYPTED_KEY: encrypted,
    PKCS12: pkcs12,
    PASSWORD: password,
  };
}

/** The SDK's own, about versions of Node that it will not support for long. */
const ofTheSdk = /^\(node:\d+\) Warning: NodeVersionSupportWarning[\s\S]*?was created\)\n/m;

/** An executable, and what it is told before the program. */
type Runtime = readonly [executable: string, ...args: string[]];

/** The lines that a program prints; fails when it writes anything to stderr, or does not end by itself. */
async function run(
  [executable, ...args]: Runtime,
  program: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<unknown[]> {
  const { stdout, stderr } = await promisify(execFile)(executable, [...args, ...program], { env, timeout: 200_000 });
  expect(stderr.replace(ofTheSdk, '')).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** Another runtime that a variable names, where it does. */
function namedBy(variable: string, name: string, ...args: string[]): { name: string; runtime: Runtime }[] {
  const executable = process.env[variable];
  if (executable !== undefined) return [{ name, runtime: [executable, ...args] }];
  console.log(`skipped: the library on ${name}, whose executable ${variable} would name`);
  return [];
}

describe.each([
  { name: 'Node', runtime: [process.execPath] satisfies Runtime as Runtime },
  ...namedBy('BUN', 'Bun'),
  ...namedBy('DENO', 'Deno', 'run', '--allow-all', '--no-remote', '--node-modules-dir=manual'),
])('a program on $name', ({ name, runtime }) => {
  test.each([
    { form: 'ES modules', library: built('lib', 'index.js'), scheme: 'http' },
    { form: 'ES modules', library: built('lib', 'index.js'), scheme: 'https' },
    { form: 'CommonJS', library: built('cjs', 'index.cjs'), scheme: 'https' },
  ] as const)('gets credentials in each way by $form over $scheme, and ends by itself', async ({ library, scheme }) => {
    const sandbox = sandboxes[scheme];
    const served = { accountId: sandbox.accountId, lives: true };
    expect(await run(runtime, [program('provider'), library], environmentFor(sandbox, `${name}-${scheme}`))).toEqual([
      { name: 'all by the environment', ...served },
      { name: 'PEM text', ...served },
      { name: 'an X509Certificate and a KeyObject', ...served },
      { name: 'functions', ...served },
      { name: 'an encrypted key', ...served },
      { name: 'PKCS#12', ...served },
      { name: 'a role on top', ...served },
      {
        name: 'a refusal',
        code: 'REFUSED_ROLE_NOT_IN_PROFILE',
        message: expect.stringContaining('the service refused the request') as string,
      },
    ]);
  });

  test.each([
    { form: 'ES modules', library: built('lib', 'index.js'), sandbox: built('lib', 'sandbox', 'index.js') },
    { form: 'CommonJS', library: built('cjs', 'index.cjs'), sandbox: built('cjs', 'sandbox', 'index.cjs') },
  ])('runs a sandbox of its own by $form', async ({ library, sandbox }) => {
    for (const keyType of ['RSA-2048', 'P-384', 'ML-DSA-65']) {
      const env = { PATH: process.env['PATH'], HOME: folder, KEY_TYPE: keyType, DENO_NO_UPDATE_CHECK: '1' };
      expect(await run(runtime, [program('sandbox'), library, sandbox], env)).toEqual([
        { accountId: '111122223333', answers: ['CreateSession 201', 'AssumeRole 200'] },
      ]);
    }
  });
});
