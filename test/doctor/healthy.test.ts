/** Set-ups that are in order: nothing is wrong with any of them, and nothing is said to be. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeyType, LeafOptions } from '../../src/sandbox/index.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { makeCa, makeLeaf, openssl } from '../support/openssl.ts';
import { type Case, diagnose, findingsOf, wrongIn } from './diagnose.ts';
import { Lab, policyOf } from './lab.ts';

const internal = 'rolesanywhere.internal.example';
const ofAws = 'rolesanywhere.us-east-1.amazonaws.com';

let lab: Lab;
/** With a server certificate of a company's CA. */
let secure: Lab;
let companyCa: string;
let proxy: ConnectProxy;

beforeAll(async () => {
  lab = await Lab.open({
    profile: { acceptRoleSessionName: true, durationSeconds: 7200 },
    roles: [{ name: 'Worker', maxSessionDuration: 7200 }],
  });
  const ca = makeCa(lab.folder, 'company');
  const extensions = [`subjectAltName = DNS:localhost,IP:127.0.0.1,DNS:${internal},DNS:${ofAws}`];
  const server = makeLeaf(lab.folder, 'server', ca, { extensions });
  const [key, cert] = [server.key, server.certificate].map((path) => readFileSync(path, 'utf8'));
  companyCa = ca.certificate;
  secure = await Lab.open({ tls: { key: key ?? '', cert: cert ?? '' } });
  proxy = await startConnectProxy(Number(new URL(secure.sandbox.endpoint).port));
});

afterAll(async () => {
  proxy.close();
  await lab.close();
  await secure.close();
});

const leafOf = async (options: LeafOptions): Promise<Case> => ({ env: lab.env(await lab.leaf(options)) });
const keyOf = (keyType: KeyType) => (): Promise<Case> => leafOf({ keyType });

/** The sandbox by TLS, at a name that only the proxy knows. */
const proxied = (changes: Record<string, string>): Case => ({
  env: secure.env({
    ROLES_ANYWHERE_ENDPOINT: `https://${internal}`,
    AWS_ENDPOINT_URL_STS: secure.sandbox.endpoint,
    HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    AWS_CA_BUNDLE: companyCa,
    ...changes,
  }),
});

async function chained(): Promise<Record<string, string>> {
  const intermediate = await lab.sandbox.ca.issueIntermediate({ subject: 'CN=Issuing CA' });
  const leaf = await intermediate.issueLeaf();
  return { ...lab.identity(leaf), ROLES_ANYWHERE_INTERMEDIATES: lab.file(leaf.chain) };
}

function encrypted(): Record<string, string> {
  const path = join(lab.folder, 'encrypted.key');
  const password = lab.file('correct-horse\n');
  const input = ['-in', lab.sandbox.privateKeyPath, '-out', path, '-passout', `file:${password}`];
  openssl(['pkcs8', '-topk8', ...input, '-v2', 'aes-256-cbc']);
  writeFileSync(path, readFileSync(path), { mode: 0o600 });
  return { ROLES_ANYWHERE_PRIVATE_KEY: path, ROLES_ANYWHERE_PKCS8_PASSWORD_FILE: password };
}

function pkcs12(): Record<string, string> {
  const [path, password] = [join(lab.folder, 'leaf.p12'), lab.file('correct-horse\n')];
  const { certificatePath, privateKeyPath } = lab.sandbox;
  openssl([
    'pkcs12',
    '-export',
    '-in',
    certificatePath,
    '-inkey',
    privateKeyPath,
    '-out',
    path,
    '-passout',
    `file:${password}`,
  ]);
  return { ROLES_ANYWHERE_CERTIFICATE: path, ROLES_ANYWHERE_PKCS8_PASSWORD_FILE: password };
}

function withoutKey(env: Record<string, string>): Record<string, string> {
  const { ROLES_ANYWHERE_PRIVATE_KEY: _, ...others } = env;
  return others;
}

function everythingKnown(): Case {
  const profile = {
    enabled: true,
    roleArns: [lab.sandbox.roleArn],
    durationSeconds: 7200,
    acceptRoleSessionName: true,
  };
  return {
    env: lab.env(),
    account: {
      trustAnchorCertificates: [lab.file(lab.sandbox.ca.certificate)],
      trustPolicy: lab.file(policyOf(lab)),
      profileDocument: lab.file({ profile }),
      attributeMapping: lab.file([{ certificateField: 'x509Subject', mappingRules: [{ specifier: 'CN' }] }]),
    },
  };
}

/** A profile of the AWS CLI whose credential_process can be run. */
function profileCase(): Case {
  const config = lab.sandbox
    .configSection('on-prem')
    .replace('= roles-anywhere', `= ${process.execPath} roles-anywhere`);
  return { env: { HOME: lab.folder, ...lab.awsFiles(config) }, args: ['--from-profile', 'on-prem'] };
}

const healthy: readonly (readonly [string, () => Case | Promise<Case>])[] = [
  ['files, P-256', () => ({ env: lab.env() })],
  ['files, RSA', keyOf('RSA-2048')],
  ['files, P-384', keyOf('P-384')],
  ['files, ML-DSA', keyOf('ML-DSA-65')],
  ['an intermediate sent along', async () => ({ env: lab.env(await chained()) })],
  [
    'the same, with the trust anchor known',
    async () => ({
      env: lab.env(await chained()),
      account: { trustAnchorCertificates: [lab.file(lab.sandbox.ca.certificate)] },
    }),
  ],
  ['everything of the account known', everythingKnown],
  ['an encrypted key with its password in a file', () => ({ env: lab.env(encrypted()) })],
  ['a PKCS#12 file', () => ({ env: withoutKey(lab.env(pkcs12())) })],
  [
    'certificate and key in one file',
    () => {
      const both = lab.file(`${lab.sandbox.certificate}${lab.sandbox.privateKey}`);
      return { env: withoutKey(lab.env({ ROLES_ANYWHERE_CERTIFICATE: both })) };
    },
  ],
  [
    'certificate and key in the environment',
    () => {
      const { certificate, privateKey } = lab.sandbox;
      const names = { ROLES_ANYWHERE_CERTIFICATE: 'env:LEAF', ROLES_ANYWHERE_PRIVATE_KEY: 'env:KEY' };
      return { env: lab.env({ ...names, LEAF: certificate, KEY: privateKey }) };
    },
  ],
  ['a profile of the AWS CLI', profileCase],
  ['a session name that the profile accepts', () => ({ env: lab.env(), args: ['--role-session-name', 'worker-1'] })],
  ['a longer session', () => ({ env: lab.env(), args: ['--session-duration', '7200'] })],
  ['a role behind the session', () => ({ env: lab.env(), args: ['--assume-role', lab.sandbox.addRole('Hop')] })],
  [
    'two roles behind the session, the last with an external ID',
    () => {
      const [first, last] = [
        lab.sandbox.addRole('First'),
        lab.sandbox.addRole({ name: 'Last', externalId: 'billing' }),
      ];
      return { env: lab.env(), args: ['--assume-role', first, '--assume-role', last, '--external-id', 'billing'] };
    },
  ],
  ['TLS with a CA bundle', () => ({ env: secure.env({ AWS_CA_BUNDLE: companyCa }) })],
  ['TLS with SSL_CERT_FILE', () => ({ env: secure.env({ SSL_CERT_FILE: companyCa }) })],
  ['a proxy', () => proxied({})],
  [
    'a proxy, and NO_PROXY for the endpoint',
    () => proxied({ ROLES_ANYWHERE_ENDPOINT: secure.sandbox.endpoint, NO_PROXY: 'internal.example' }),
  ],
  ['nothing sent', () => ({ env: lab.env(), context: { offline: true } })],
];

test.each(healthy)('%s', async (_name, make) => {
  const report = await diagnose(await make());
  expect(wrongIn(report)).toEqual([]);
  expect(report.status).toBe('PASS');
  const offline = findingsOf(report, 'create-session').some(({ message }) => message === '--offline');
  expect(report.checks.find(({ name }) => name === 'create-session')?.status).toBe(offline ? 'SKIP' : 'PASS');
  expect(report.checks.find(({ name }) => name === 'caller-identity')?.status).toBe(offline ? 'SKIP' : 'PASS');
});

describe('what is found on the way', () => {
  test('by TLS: version, key exchange, and by which roots', async () => {
    const report = await diagnose({ env: secure.env({ AWS_CA_BUNDLE: companyCa }) });
    const [{ message } = { message: '' }] = findingsOf(report, 'tls');
    expect(message).toMatch(
      /^127\.0\.0\.1:\d+ by TLSv1\.3(?: with \S+)?, trusted by AWS_CA_BUNDLE \(.*company\.pem\), issued under CN=company$/,
    );
  });

  test('a server that nobody is known to trust', async () => {
    const report = await diagnose({ env: secure.env() });
    expect(wrongIn(report)).toEqual(['tls: NETWORK_TLS']);
  });

  const inspected = (): Record<string, string> => {
    const { ROLES_ANYWHERE_ENDPOINT: _, AWS_ENDPOINT_URL_ROLESANYWHERE: __, ...env } = proxied({}).env ?? {};
    return env;
  };

  test('a proxy that inspects TLS, whose CA is trusted here', async () => {
    const report = await diagnose({ env: inspected() });
    expect(wrongIn(report)).toEqual(['tls: tls-inspection']);
    expect(findingsOf(report, 'tls')[0]?.message).toContain("leads to the CA 'CN=company'");
  });

  test('the same, where it is not', async () => {
    const { AWS_CA_BUNDLE: _, ...env } = inspected();
    expect(wrongIn(await diagnose({ env }))).toEqual(['tls: tls-inspection']);
  });

  test('where a key of a profile stands', async () => {
    const { args = [], env = {} } = profileCase();
    const report = await diagnose({ args, env });
    const line = findingsOf(report, 'options').find(({ message }) => message.startsWith('role-arn'));
    expect(line?.message).toBe(
      `role-arn is "${lab.sandbox.roleArn}", from roles_anywhere_role_arn of profile on-prem, ${env['AWS_CONFIG_FILE']} line 7`,
    );
  });

  test('no secret, whatever was given', async () => {
    const secrets = ['hunter2', 'letmein', '4711', 'example-secret'];
    const report = await diagnose({
      args: ['--pkcs8-password', 'hunter2', '--private-key', 'pkcs11:token=a?pin-value=4711'],
      env: lab.env({
        HTTPS_PROXY: 'http://user:letmein@127.0.0.1:9',
        AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'example-secret',
      }),
    });
    expect(wrongIn(report)).toContain('options: secret-in-arguments');
    const text = JSON.stringify(report);
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).not.toContain('PRIVATE KEY');
  });

  test('several profiles, each by itself', async () => {
    const broken = lab.sandbox
      .configSection('broken')
      .replace(/role_arn = .*/, 'role_arn = arn:aws:iam::111122223333:role/Nobody');
    const sections = lab.sandbox.configSection('fine') + broken;
    const env = {
      HOME: lab.folder,
      ...lab.awsFiles(sections.replaceAll('= roles-anywhere', `= ${process.execPath} roles-anywhere`)),
    };
    const { checks } = await diagnose({ env, args: ['--from-profile', 'fine,broken'] });
    const failures = checks.filter(({ status }) => status === 'FAIL');
    expect(failures.map(({ name, target }) => [name, target])).toEqual([['create-session', 'broken']]);
    expect(checks.filter(({ name }) => name === 'cache')).toHaveLength(1);
  });
});
