import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root as repository, runCommand } from '../support/command.ts';
import {
  concatenate,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  makePkcs12,
  openssl,
  removeFolder,
} from '../support/openssl.ts';

/** Every form of certificate and key, by the built command, accepted by a sandbox that verifies all of it. */

const password = 'correct horse';
const folder = makeFolder();
const made = join(repository, 'certs-fixtures', 'made');
const at = (name: string) => join(folder, name);

let ca: Issued;
let intermediate: Issued;
let sandbox: Sandbox;
let fixtures: Sandbox;

beforeAll(async () => {
  ca = makeCa(folder, 'ca');
  intermediate = makeCa(folder, 'intermediate', { issuer: ca });
  sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
  const fixtureAnchors = [join(made, 'root.pem'), join(made, 'ml-dsa-ca.pem')];
  fixtures = await startSandbox({ anchors: fixtureAnchors.map((path) => readFileSync(path, 'utf8')) });
});

afterAll(async () => {
  await Promise.all([sandbox.close(), fixtures.close()]);
  removeFolder(folder);
});

function request(args: readonly string[], against = sandbox, input?: Uint8Array) {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = against;
  const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  return runCommand(
    ['credential-process', ...target, '--endpoint', endpoint, ...args],
    input === undefined ? {} : { input },
  );
}

async function expectCredentials(args: readonly string[], against = sandbox, input?: Uint8Array): Promise<void> {
  const { status, stdout, stderr } = await request(args, against, input);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string });
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content, { mode: 0o600 });
  return at(name);
}

/** A fixture with the permissions that a key should have; git keeps only the executable bit. */
function fixture(name: string): string {
  copyFileSync(join(made, name), at(name));
  chmodSync(at(name), 0o600);
  return at(name);
}

describe('keys', () => {
  test.each(['rsa:2048', 'rsa:3072', 'rsa:4096', 'p256', 'p384', 'p521'] as const)('%s', async (keyType) => {
    const leaf = makeLeaf(folder, `key-${keyType.replace(':', '-')}`, ca, { keyType });
    await expectCredentials(['--certificate', leaf.certificate, '--private-key', leaf.key]);
  });

  test('rsa:8192', async () => {
    const leaf = makeLeaf(folder, 'key-rsa-8192', ca, { key: join(made, 'rsa-8192.key') });
    await expectCredentials(['--certificate', leaf.certificate, '--private-key', fixture('rsa-8192.key')]);
  });

  test.each(
    readdirSync(made)
      .filter((name) => /^ml-dsa-\d\d-(seed|expanded|both|encrypted)\.key$/.test(name))
      .flatMap((key) => ['ec', 'ml-dsa'].map((issuer) => [key, key.replace(/-[a-z]+\.key$/, `-by-${issuer}.pem`)])),
  )('%s with %s', async (key, certificate) => {
    await expectCredentials(
      [
        '--certificate',
        fixture(certificate ?? ''),
        '--private-key',
        fixture(key ?? ''),
        '--pkcs8-password',
        'changeit',
      ],
      fixtures,
    );
  });
});

describe('key files', () => {
  let rsa: Issued;
  let ec: Issued;

  beforeAll(() => {
    rsa = makeLeaf(folder, 'rsa', ca, { keyType: 'rsa:2048' });
    ec = makeLeaf(folder, 'ec', ca, { keyType: 'p256' });
  });

  const convert = (name: string, command: readonly string[]): string => {
    openssl([...command, '-out', at(name)]);
    chmodSync(at(name), 0o600);
    return at(name);
  };

  test.each([
    ['PKCS#8 DER', 'rsa', ['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER']],
    ['PKCS#1 PEM', 'rsa', ['rsa', '-traditional']],
    ['PKCS#1 DER', 'rsa', ['rsa', '-traditional', '-outform', 'DER']],
    ['PKCS#8 DER', 'ec', ['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER']],
    ['SEC1 PEM', 'ec', ['ec']],
    ['SEC1 DER', 'ec', ['ec', '-outform', 'DER']],
  ])('%s, %s', async (form, type, command) => {
    const leaf = type === 'rsa' ? rsa : ec;
    const key = convert(`${type}-${form.replaceAll(/\W/g, '-')}`, [...command, '-in', leaf.key]);
    await expectCredentials(['--certificate', leaf.certificate, '--private-key', key]);
  });

  const pbes2 = ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc'].flatMap((cipher) =>
    ['hmacWithSHA1', 'hmacWithSHA256', 'hmacWithSHA384', 'hmacWithSHA512'].map((prf) => ['-v2', cipher, '-v2prf', prf]),
  );
  // openssl refuses to make larger ones; test/identity has those.
  const scrypt = [['-scrypt', '-scrypt_N', '16384']];
  const pbes1 = [['-v1', 'PBE-SHA1-3DES']];

  test.each([...pbes2, ...scrypt, ...pbes1].map((args) => [args.join(' '), args] as const))(
    'encrypted PKCS#8, %s',
    async (name, args) => {
      const pass = ['-passout', `pass:${password}`];
      const key = convert(name.replaceAll(/\W/g, '-'), ['pkcs8', '-topk8', '-in', ec.key, ...args, ...pass]);
      await expectCredentials(['--certificate', ec.certificate, '--private-key', key, '--pkcs8-password', password]);
    },
  );

  test.each(['-aes128', '-aes256', '-des3'])('traditional encryption, %s', async (cipher) => {
    const pass = ['-passout', `pass:${password}`];
    const key = convert(`traditional${cipher}`, ['rsa', '-traditional', '-in', rsa.key, cipher, ...pass]);
    await expectCredentials(['--certificate', rsa.certificate, '--private-key', key, '--pkcs8-password', password]);
  });

  test.each(readdirSync(made).filter((name) => /^(pbe|pbes2|traditional)-.*\.key$/.test(name)))('%s', async (name) => {
    await expectCredentials(
      ['--certificate', fixture('pbes1.pem'), '--private-key', fixture(name), '--pkcs8-password', 'changeit'],
      fixtures,
    );
  });
});

describe('certificate files', () => {
  let leaf: Issued;
  let deep: Issued;

  beforeAll(() => {
    leaf = makeLeaf(folder, 'direct', ca);
    deep = makeLeaf(folder, 'deep', intermediate);
  });

  test('DER', async () => {
    openssl(['x509', '-in', leaf.certificate, '-outform', 'DER', '-out', at('direct.der')]);
    await expectCredentials(['--certificate', at('direct.der'), '--private-key', leaf.key]);
  });

  test('text before and between the blocks, CRLF', async () => {
    const text = `Bag Attributes\n  friendlyName: leaf\n${readFileSync(deep.certificate, 'utf8')}subject=CN=x\n\n`;
    const bundle = `${text}${readFileSync(intermediate.certificate, 'utf8')}end\n`.replaceAll('\n', '\r\n');
    await expectCredentials(['--certificate', file('crlf.pem', bundle), '--private-key', deep.key]);
  });

  test('certificate and key in one file', async () => {
    const combined = concatenate(folder, 'combined.pem', [leaf.key, leaf.certificate]);
    await expectCredentials(['--certificate', combined]);
  });

  test('certificate and key in one file, on standard input', async () => {
    const combined = concatenate(folder, 'stdin.pem', [leaf.certificate, leaf.key]);
    await expectCredentials(['--certificate', '-'], sandbox, readFileSync(combined));
    await expectCredentials(['--certificate', '-', '--private-key', '-'], sandbox, readFileSync(combined));
  });

  test('the leaf behind its issuers, the root among them', async () => {
    const bundle = concatenate(folder, 'upside-down.pem', [ca.certificate, intermediate.certificate, deep.certificate]);
    await expectCredentials(['--certificate', bundle, '--private-key', deep.key]);
  });

  test('--intermediates with a stranger and duplicates', async () => {
    const stranger = makeCa(folder, 'stranger');
    const paths = [stranger, intermediate, ca, intermediate].map((issued) => issued.certificate);
    const bundle = concatenate(folder, 'intermediates.pem', paths);
    await expectCredentials(['--certificate', deep.certificate, '--private-key', deep.key, '--intermediates', bundle]);
  });
});

describe('PKCS#12', () => {
  let deep: Issued;

  beforeAll(() => {
    deep = makeLeaf(folder, 'p12', intermediate, { keyType: 'rsa:2048' });
  });

  test.each([
    ['OpenSSL 3 default', password, []],
    ['-legacy', password, ['-legacy']],
    ['without MAC', password, ['-nomac']],
    ['MAC by SHA-512', password, ['-macalg', 'sha512']],
    ['empty password', '', []],
    ['empty password, -legacy', '', ['-legacy']],
    ['UTF-8 password', 'pässwörd € 🔑', []],
    ['UTF-8 password, -legacy', 'pässwörd € 🔑', ['-legacy']],
  ])('%s', async (name, secret, args) => {
    const others = [ca, intermediate];
    const p12 = makePkcs12(folder, name.replaceAll(/\W/g, '-'), deep, { password: secret, others, args });
    chmodSync(p12, 0o600);
    await expectCredentials(['--certificate', p12, '--pkcs8-password', secret]);
  });

  test.each(readdirSync(made).filter((name) => name.endsWith('.p12')))('%s', async (name) => {
    const path = fixture(name);
    const read = ['pkcs12', '-legacy', '-in', path, '-passin', 'pass:changeit', '-nokeys'];
    const anchor = openssl([...read, '-cacerts']).toString() || readFileSync(join(made, 'root.pem'), 'utf8');
    const trustAnchorArn = fixtures.addTrustAnchor({ name, certificates: [anchor] });
    await expectCredentials(['--certificate', path, '--pkcs8-password', 'changeit'], { ...fixtures, trustAnchorArn });
  });

  test('the password by environment, file and descriptor', async () => {
    const p12 = makePkcs12(folder, 'password-forms', deep, { password, others: [intermediate] });
    chmodSync(p12, 0o600);
    const path = file('password', `${password}\n`);
    await expectCredentials(['--certificate', p12, '--pkcs8-password-file', path]);
    await expectCredentials(['--certificate', p12, '--pkcs8-password-fd', '0'], sandbox, Buffer.from(password));
    const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
    const env = {
      ROLES_ANYWHERE_TRUST_ANCHOR_ARN: trustAnchorArn,
      ROLES_ANYWHERE_PROFILE_ARN: profileArn,
      ROLES_ANYWHERE_ROLE_ARN: roleArn,
      ROLES_ANYWHERE_ENDPOINT: endpoint,
      ROLES_ANYWHERE_CERTIFICATE: p12,
      ROLES_ANYWHERE_PKCS8_PASSWORD: password,
    };
    expect(await runCommand(['credential-process'], { env })).toMatchObject({ status: 0, stderr: '' });
  });
});

test('an empty variable is the empty password', async () => {
  const key = file(
    'empty.key',
    openssl(['pkcs8', '-topk8', '-in', makeLeaf(folder, 'empty', ca).key, '-passout', 'pass:']),
  );
  const sign = (env: Record<string, string>) => runCommand(['sign-string', '--private-key', key], { env });
  expect(await sign({ ROLES_ANYWHERE_PKCS8_PASSWORD: '' })).toMatchObject({ status: 0, stderr: '' });
  expect(await sign({})).toMatchObject({ status: 3, stderr: expect.stringContaining('no password was given') });
});

test('certificate and key from variables', async () => {
  const leaf = makeLeaf(folder, 'variables', ca);
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  const result = await runCommand(
    ['credential-process', ...target, '--endpoint', endpoint, '--certificate', 'env:LEAF', '--private-key', 'env:KEY'],
    { env: { LEAF: readFileSync(leaf.certificate, 'utf8'), KEY: readFileSync(leaf.key, 'utf8') } },
  );
  expect(result).toMatchObject({ status: 0, stderr: '' });
});

test('a key that others may read is used, with a warning where somebody reads it', async () => {
  const leaf = makeLeaf(folder, 'exposed', ca);
  chmodSync(leaf.key, 0o644);
  const { status, stderr } = await request(['--debug', '--certificate', leaf.certificate, '--private-key', leaf.key]);
  expect(status).toBe(0);
  expect(stderr).toContain('warning');
  expect(stderr).toContain(basename(leaf.key));
});
