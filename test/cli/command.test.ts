import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandSettings, root, runCommand } from '../support/command.ts';
import { openssl } from '../support/openssl.ts';

const documentForm =
  /^\{"Version":1,"AccessKeyId":"ASIA\w+","SecretAccessKey":"[^"]+","SessionToken":"[^"]+","Expiration":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}$/;
const password = 'open sesame';
let folder: string;
let sandbox: Sandbox;
let arns: readonly string[];
let encryptedKey: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-command-'));
  sandbox = await startSandbox();
  arns = Object.entries({
    '--trust-anchor-arn': sandbox.trustAnchorArn,
    '--profile-arn': sandbox.profileArn,
    '--role-arn': sandbox.roleArn,
    '--endpoint': sandbox.endpoint,
  }).flat();
  encryptedKey = join(folder, 'encrypted.key');
  openssl(['pkcs8', '-topk8', '-in', sandbox.privateKeyPath, '-out', encryptedKey, '-passout', `pass:${password}`]);
  chmodSync(encryptedKey, 0o600);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const files = () => ['--certificate', sandbox.certificatePath, '--private-key', sandbox.privateKeyPath];
const credentialProcess = (args: readonly string[], settings?: CommandSettings) =>
  runCommand(['credential-process', ...args], settings);

describe('credential-process', () => {
  test('prints the document, no line break after it, and nothing else', async () => {
    const { status, stdout, stderr } = await credentialProcess([...arns, ...files()]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(documentForm);
  });

  test('from the environment alone', async () => {
    const { status, stdout, stderr } = await credentialProcess([], { env: sandbox.environment });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(documentForm);
  });

  test('from a profile alone', async () => {
    const config = join(folder, 'config');
    writeFileSync(config, sandbox.configSection('on-prem'));
    const env = { AWS_CONFIG_FILE: config };
    const { status, stdout, stderr } = await credentialProcess(['--from-profile', 'on-prem'], { env });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(documentForm);
  });

  test('from a line of the official helper that is broken over several, with a warning', async () => {
    const config = join(folder, 'broken-line');
    const args = [...arns, ...files()].map((arg) => (arg.startsWith('--') ? `\\\n    ${arg}` : arg));
    const line = ['./aws_signing_helper credential-process', ...args].join(' ');
    writeFileSync(config, `[profile posted]\ncredential_process = ${line}\n`);
    const env = { AWS_CONFIG_FILE: config, ROLES_ANYWHERE_WARNINGS: 'stderr' };
    const { status, stdout, stderr } = await credentialProcess(['--from-profile', 'posted'], { env });
    expect([status, stderr]).toEqual([
      0,
      'roles-anywhere: warning: credential_process of profile posted is broken over several lines, which no SDK reads: write it on one line for them\n',
    ]);
    expect(stdout).toMatch(documentForm);
  });

  test('certificate and key from stdin, variable and file', async () => {
    const { certificate, privateKey } = sandbox;
    const combined = await credentialProcess([...arns, '--certificate', '-'], { input: certificate + privateKey });
    expect(combined.stdout).toMatch(documentForm);
    const args = [...arns, '--certificate', 'env:LEAF', '--private-key', '-'];
    const apart = await credentialProcess(args, { input: privateKey, env: { LEAF: certificate } });
    expect(apart.stdout).toMatch(documentForm);
  });

  test('a broken configuration and an unknown profile of the SDKs do not matter', async () => {
    const config = join(folder, 'broken');
    writeFileSync(config, '[profile __proto__\n\0\u00FF[[]]\n=\n');
    const env = { AWS_CONFIG_FILE: config, AWS_PROFILE: 'nobody', AWS_REGION: 'nowhere' };
    const { status, stdout, stderr } = await credentialProcess([...arns, ...files()], { env });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(documentForm);
  });

  test('--no-verify-ssl warns', async () => {
    const env = { ROLES_ANYWHERE_WARNINGS: 'stderr' };
    const { status, stderr } = await credentialProcess([...arns, ...files(), '--no-verify-ssl'], { env });
    expect(status).toBe(0);
    expect(stderr).toBe('roles-anywhere: warning: --no-verify-ssl: the certificate of the endpoint is not checked\n');
  });
});

/** A run that fails writes nothing to stdout. */
async function fails(args: readonly string[], settings?: CommandSettings) {
  const { status, stdout, stderr } = await runCommand(args, settings);
  expect(stdout).toBe('');
  return { status, first: stderr.split('\n')[0], stderr };
}

describe('failures', () => {
  test('2: usage', async () => {
    const { status, first } = await fails(['credential-proces']);
    expect(status).toBe(2);
    expect(first).toMatch(/^roles-anywhere: .*credential-proces\b/);
  });

  test('2: a line cut at its backslash, as the SDK for JavaScript hands it on', async () => {
    const { status, first } = await fails(['credential-process', ...files(), '\\']);
    expect([status, first]).toEqual([2, 'roles-anywhere: a backslash or line break is left over after --private-key']);
  });

  test('2: a line joined at its backslash, as botocore hands it on', async () => {
    const { status, first } = await fails(['credential-process', ...files(), '\n--role-arn', 'x']);
    expect([status, first]).toEqual([2, 'roles-anywhere: a backslash or line break is left over after --private-key']);
  });

  test('2: ARNs', async () => {
    const { status, first } = await fails([
      'credential-process',
      ...arns,
      ...files(),
      '--profile-arn',
      sandbox.profileArn.replace(sandbox.region, 'eu-west-1'),
    ]);
    expect(status).toBe(2);
    expect(first).toMatch(/^roles-anywhere: trust anchor and profile are not in the same region: /);
  });

  test('3: a certificate that is not there', async () => {
    const { status, first } = await fails(['credential-process', ...arns, '--certificate', '/nonexistent/leaf.pem']);
    expect([status, first]).toEqual([3, 'roles-anywhere: --certificate: /nonexistent/leaf.pem does not exist']);
  });

  test('3: an encrypted key, no password, no terminal', async () => {
    const args = [
      'credential-process',
      ...arns,
      '--certificate',
      sandbox.certificatePath,
      '--private-key',
      encryptedKey,
    ];
    expect((await fails(args)).status).toBe(3);
  });

  test('4: refused', async () => {
    const roleArn = sandbox.roleArn.replace('sandbox', 'other');
    const { status, first } = await fails(['credential-process', ...arns, ...files(), '--role-arn', roleArn]);
    expect(status).toBe(4);
    expect(first).toContain("Requested Role isn't one of those listed in the Profile.");
  });

  test('5: nobody there', async () => {
    const nowhere = ['--endpoint', 'http://127.0.0.1:1', '--max-attempts', '1'];
    const { status, first } = await fails(['credential-process', ...arns, ...files(), ...nowhere]);
    expect([status, first]).toEqual([5, 'roles-anywhere: 127.0.0.1:1 cannot be reached (ECONNREFUSED)']);
  });

  test('5: the service is down, for as many attempts as were asked for', async () => {
    sandbox.failNext({ status: 503, times: 2 });
    const before = sandbox.requests.length;
    const { status } = await fails(['credential-process', ...arns, ...files(), '--max-attempts', '2']);
    expect([status, sandbox.requests.length - before]).toEqual([5, 2]);
  });

  test('6: a file of this machine', async () => {
    const env = { AWS_CONFIG_FILE: folder };
    const { status, first } = await fails(['credential-process', '--from-profile', 'x'], { env });
    expect([status, first]).toEqual([6, `roles-anywhere: cannot read ${folder}: EISDIR`]);
  });
});

describe('no secret is shown', () => {
  /** Lines of the key's PEM, the password, and what the document holds. */
  function secretsOf(stdout: string): readonly string[] {
    const document: unknown = stdout === '' ? {} : JSON.parse(stdout);
    const values = Object.entries(document ?? {}).filter(([name]) => /Key|Token/.test(name));
    const keyLines = [sandbox.privateKey, readFileSync(encryptedKey, 'utf8')].flatMap((pem) => pem.trim().split('\n'));
    return [
      ...keyLines.filter((line) => !line.startsWith('-----')),
      password,
      ...values.map(([, value]) => String(value)),
    ];
  }

  test.each<[string, () => readonly string[], CommandSettings]>([
    ['by flag', () => ['--pkcs8-password', password], {}],
    ['by flag, wrong', () => ['--pkcs8-password', `not ${password}`], {}],
    ['by variable', () => [], { env: { ROLES_ANYWHERE_PKCS8_PASSWORD: password } }],
    ['by descriptor', () => ['--pkcs8-password-fd', '0'], { input: `${password}\n` }],
    ['with a word behind it', () => ['--pkcs8-password', ...password.split(' ')], {}],
    ['with an unknown role', () => ['--pkcs8-password', password, '--role-arn', `${sandbox.roleArn}x`], {}],
    ['with a key in the place of its path', () => ['--private-key', sandbox.privateKey], {}],
    ['with a key in the place of a region', () => ['--region', sandbox.privateKey], {}],
    ['with a key that belongs nowhere', () => ['--with-proxy', sandbox.privateKey], {}],
    ['with bare base64', () => ['--role-arn', sandbox.privateKey.replaceAll(/-----.*-----|\n/g, '')], {}],
  ])('the password %s', async (_how, more, settings) => {
    const args = [
      ...arns,
      '--certificate',
      sandbox.certificatePath,
      '--private-key',
      encryptedKey,
      '--debug',
      ...more(),
    ];
    const { stdout, stderr } = await credentialProcess(args, settings);
    expect(stderr).toContain('debug: ');
    const secrets = secretsOf(stdout);
    expect(secrets.length).toBeGreaterThan(5);
    for (const secret of secrets) expect(stderr).not.toContain(secret);
    expect(stderr).not.toContain('sesame');
  });

  test('the trace shows what was signed and answered', async () => {
    const { stderr } = await credentialProcess([...arns, ...files(), '--debug']);
    expect(stderr).toContain('debug: attempt 1: canonical request\ndebug:   POST\ndebug:   /sessions\n');
    expect(stderr).toContain('debug: string to sign\ndebug:   AWS4-X509-ECDSA-SHA256\n');
    expect(stderr).toMatch(/debug: attempt 1: status 201, request id [\w-]+, \d+ ms\n/);
  });
});

describe('the other commands', () => {
  test('sign-string prints hex in quotes, no line break after it', async () => {
    const { status, stdout, stderr } = await runCommand(['sign-string', '--private-key', sandbox.privateKeyPath]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^"[0-9a-f]+"$/);
  });

  test('read-certificate-data prints one line of JSON, no line break after it', async () => {
    const { status, stdout, stderr } = await runCommand([
      'read-certificate-data',
      '--certificate',
      sandbox.certificatePath,
    ]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^\{"keyType":"EC","certificateData":"[\w+/=]+","serialNumber":"\d+","supportedAlgorithms":\[.*\]\}$/,
    );
  });

  test('version prints that of the package', async () => {
    const { status, stdout, stderr } = await runCommand(['version']);
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).toMatchObject({ version: stdout.trimEnd() });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  test.each(['bash', 'zsh', 'fish'])('completion %s', async (shell) => {
    const { status, stdout, stderr } = await runCommand(['completion', shell]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('trust-anchor-arn');
  });
});
