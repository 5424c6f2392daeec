import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandSettings, runCommand } from '../support/command.ts';
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

/** Every unusable input, by the built command: its code, its message, its exit status, nothing on stdout, no secret. */

const password = 'correct-horse-battery';
const folder = makeFolder();
const at = (name: string) => join(folder, name);

let ca: Issued;
let leaf: Issued;
let sandbox: Sandbox;
/** Lines of every private key made here; none may ever be shown. */
const secrets: string[] = [password];

beforeAll(async () => {
  ca = makeCa(folder, 'ca', { keyType: 'rsa:2048' });
  leaf = makeLeaf(folder, 'leaf', ca, { keyType: 'rsa:2048' });
  secrets.push(
    ...readFileSync(leaf.key, 'utf8')
      .split('\n')
      .filter((line) => line.length > 30 && !line.startsWith('-')),
  );
  sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content, { mode: 0o600 });
  return at(name);
}

async function fail(args: readonly string[], settings: CommandSettings = {}) {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  const { status, stdout, stderr } = await runCommand(
    ['credential-process', ...target, '--endpoint', endpoint, '--debug', ...args],
    settings,
  );
  const shown = stdout + stderr;
  expect(stdout).toBe('');
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  const message = /^roles-anywhere: (?!warning)(.*)$/m.exec(stderr)?.[1] ?? stderr;
  const code = /\b[A-Z]+(?:_[A-Z0-9]+)+\b/.exec(/code[^\n]*/i.exec(stderr)?.[0] ?? '')?.[0];
  return { status, code, message };
}

const pair = (certificate: string, key: string) => ['--certificate', certificate, '--private-key', key];

describe('certificates', () => {
  test.each<[string, () => string, string, RegExp]>([
    [
      'missing',
      () => at('no-such-file'),
      'CERTIFICATE_UNREADABLE',
      /--certificate: .*no-such-file .*(does not exist|not there|no such)/,
    ],
    [
      'a directory',
      () => (mkdirSync(at('directory'), { recursive: true }), at('directory')),
      'CERTIFICATE_UNREADABLE',
      /is a directory/,
    ],
    ['empty', () => file('empty.pem', ''), 'CERTIFICATE_UNREADABLE', /is empty/],
    ['text', () => file('text.pem', 'hello\n'), 'CERTIFICATE_INVALID', /text\.pem/],
    ['binary', () => file('binary.pem', randomBytes(2000)), 'CERTIFICATE_INVALID', /binary\.pem/],
    ['10 MB of noise', () => file('noise.pem', randomBytes(10_000_000)), 'CERTIFICATE_UNREADABLE', /larger than 1 MiB/],
    [
      'truncated',
      () => file('truncated.pem', readFileSync(leaf.certificate, 'utf8').slice(0, 500)),
      'CERTIFICATE_INVALID',
      /truncated\.pem/,
    ],
    [
      'truncated DER',
      () => file('truncated.der', openssl(['x509', '-in', leaf.certificate, '-outform', 'DER']).subarray(0, 400)),
      'CERTIFICATE_INVALID',
      /truncated\.der/,
    ],
    ['a key', () => leaf.key, 'CERTIFICATE_INVALID', /leaf\.key/],
    [
      'a request',
      () => (openssl(['req', '-new', '-key', leaf.key, '-subj', '/CN=x', '-out', at('csr.pem')]), at('csr.pem')),
      'CERTIFICATE_INVALID',
      /csr\.pem/,
    ],
  ])('%s', async (_name, certificate, code, message) => {
    const failure = await fail(pair(certificate(), leaf.key));
    expect(failure).toEqual({ status: 3, code, message: expect.stringMatching(message) as string });
  });

  test.each<[string, () => Issued, string, RegExp]>([
    [
      'expired',
      () => makeLeaf(folder, 'expired', ca, { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }),
      'CERTIFICATE_EXPIRED',
      /2021-01-01/,
    ],
    [
      'not yet valid',
      () => makeLeaf(folder, 'early', ca, { notBefore: new Date(Date.now() + 86_400_000) }),
      'CERTIFICATE_NOT_YET_VALID',
      /valid/,
    ],
    ['a CA', () => makeCa(folder, 'other-ca', { issuer: ca }), 'CERTIFICATE_IS_CA', /CA/],
    ['version 1', () => makeLeaf(folder, 'v1', ca, { extensions: [] }), 'CERTIFICATE_VERSION', /version 1/],
    [
      'without digitalSignature',
      () => makeLeaf(folder, 'usage', ca, { extensions: ['keyUsage = critical, keyEncipherment'] }),
      'CERTIFICATE_KEY_USAGE',
      /digitalSignature/,
    ],
    ['signed with SHA-1', () => makeLeaf(folder, 'sha1', ca, { hash: 'sha1' }), 'CERTIFICATE_HASH_WEAK', /SHA-1/],
    ['signed with MD5', () => makeLeaf(folder, 'md5', ca, { hash: 'md5' }), 'CERTIFICATE_HASH_WEAK', /MD5/],
  ])('%s', async (_name, make, code, message) => {
    const { certificate, key } = make();
    expect(await fail(pair(certificate, key))).toEqual({
      status: 3,
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test('of another key', async () => {
    const other = makeLeaf(folder, 'other', ca, { keyType: 'p256' });
    const failure = await fail(pair(leaf.certificate, other.key));
    expect(failure).toMatchObject({ status: 3, code: 'KEY_MISMATCH' });
    expect(failure.message).toMatch(/leaf\.pem.*other\.key|other\.key.*leaf\.pem/);
  });

  test('unreadable', async () => {
    const locked = file('locked.pem', readFileSync(leaf.certificate));
    chmodSync(locked, 0);
    // root reads everything, unless it has lost the capability to.
    const unprivileged = ['setpriv', '--inh-caps=-all', '--bounding-set=-all'];
    const wrapper = process.getuid?.() === 0 ? unprivileged : [];
    expect(await fail(pair(locked, leaf.key), { wrapper })).toMatchObject({
      status: 3,
      code: 'CERTIFICATE_UNREADABLE',
      message: expect.stringContaining('may not be read by this user') as string,
    });
  });
});

describe('chains', () => {
  test('six intermediates', async () => {
    let issuer = ca;
    const intermediates: string[] = [];
    for (let number = 1; number <= 6; number += 1) {
      issuer = makeCa(folder, `intermediate-${number}`, { issuer });
      intermediates.push(issuer.certificate);
    }
    const deep = makeLeaf(folder, 'deep', issuer);
    const bundle = concatenate(folder, 'six.pem', intermediates);
    expect(await fail([...pair(deep.certificate, deep.key), '--intermediates', bundle])).toMatchObject({
      status: 3,
      code: 'CHAIN_TOO_LONG',
      message: expect.stringMatching(/6 .*5|five/) as string,
    });
  });

  test.each([
    ['missing', () => at('no-such-bundle'), 'CHAIN_UNREADABLE'],
    ['noise', () => file('chain-noise', randomBytes(1000)), 'CHAIN_INVALID'],
    ['a key alone', () => leaf.key, 'CHAIN_INVALID'],
  ])('%s', async (_name, bundle, code) => {
    expect(await fail([...pair(leaf.certificate, leaf.key), '--intermediates', bundle()])).toMatchObject({
      status: 3,
      code,
    });
  });
});

describe('keys', () => {
  test.each<[string, () => string, string, RegExp]>([
    ['missing', () => at('no-such-key'), 'KEY_UNREADABLE', /--private-key: .*no-such-key/],
    [
      'a directory',
      () => (mkdirSync(at('key-directory'), { recursive: true }), at('key-directory')),
      'KEY_UNREADABLE',
      /is a directory/,
    ],
    ['empty', () => file('empty.key', ''), 'KEY_UNREADABLE', /is empty/],
    ['binary', () => file('binary.key', randomBytes(1500)), 'KEY_INVALID', /binary\.key/],
    ['10 MB of noise', () => file('noise.key', randomBytes(10_000_000)), 'KEY_UNREADABLE', /larger than 1 MiB/],
    [
      'truncated',
      () => file('truncated.key', readFileSync(leaf.key, 'utf8').slice(0, 700)),
      'KEY_INVALID',
      /truncated\.key/,
    ],
    [
      'truncated within the block',
      () => file('damaged.key', readFileSync(leaf.key, 'utf8').replace(/(?:[^\n]{64}\n){5}(?=[^\n]*\n-----END)/, '')),
      'KEY_INVALID',
      /damaged\.key/,
    ],
    ['a certificate', () => leaf.certificate, 'KEY_INVALID', /leaf\.pem/],
  ])('%s', async (_name, key, code, message) => {
    expect(await fail(pair(leaf.certificate, key()))).toEqual({
      status: 3,
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test.each<[Parameters<typeof makeLeaf>[3], string]>([
    [{ keyType: 'ed25519' }, 'Ed25519'],
    [{ keyType: 'ed448' }, 'Ed448'],
    [{ keyType: 'rsa:1024' }, '1024'],
    [{ keyType: 'rsa-pss:2048' }, 'PSS'],
    [{ keyType: 'secp256k1' }, 'secp256k1'],
  ])('%j is refused with the reason', async (options, reason) => {
    const other = makeLeaf(folder, `unsupported-${reason}`, ca, options);
    const failure = await fail(pair(other.certificate, other.key));
    expect(failure.status).toBe(3);
    expect(failure.code).toMatch(/^(KEY|CERTIFICATE_KEY)_UNSUPPORTED$/);
    expect(failure.message).toContain(reason);
  });

  describe('encrypted', () => {
    let encrypted: string;
    let p12: string;

    beforeAll(() => {
      encrypted = at('encrypted.key');
      openssl(['pkcs8', '-topk8', '-in', leaf.key, '-passout', `pass:${password}`, '-out', encrypted]);
      chmodSync(encrypted, 0o600);
      p12 = makePkcs12(folder, 'encrypted', leaf, { password });
      chmodSync(p12, 0o600);
    });

    test.each([
      [
        'key, wrong password',
        () => [...pair(leaf.certificate, encrypted), '--pkcs8-password', 'wrong'],
        'PASSWORD_WRONG',
      ],
      ['key, no password', () => pair(leaf.certificate, encrypted), 'PASSWORD_MISSING'],
      ['PKCS#12, wrong password', () => ['--certificate', p12, '--pkcs8-password', 'wrong'], 'PASSWORD_WRONG'],
      ['PKCS#12, no password', () => ['--certificate', p12], 'PASSWORD_MISSING'],
      [
        'password file missing',
        () => [...pair(leaf.certificate, encrypted), '--pkcs8-password-file', at('none')],
        'PASSWORD_UNREADABLE',
      ],
      [
        'PKCS#12, truncated',
        () => [
          '--certificate',
          file('truncated.p12', readFileSync(p12).subarray(0, 900)),
          '--pkcs8-password',
          password,
        ],
        'CERTIFICATE_INVALID',
      ],
    ])('%s', async (_name, args, code) => {
      expect(await fail(args())).toMatchObject({ status: 3, code });
    });
  });
});

test.each([
  [['--certificate', 'env:NOT_SET', '--private-key', 'x'], 3, 'CERTIFICATE_UNREADABLE'],
  [['--certificate', 'fd:99', '--private-key', 'x'], 3, 'CERTIFICATE_UNREADABLE'],
  [['--certificate', '-'], 3, 'CERTIFICATE_UNREADABLE'],
])('%j', async (args, status, code) => {
  expect(await fail(args)).toMatchObject({ status, code });
});

describe('a key in place of its path is not shown', () => {
  test.each<[string, (key: string) => readonly string[]]>([
    ['PEM', (key) => ['--private-key', key]],
    ['PEM, unquoted in a shell', (key) => ['--private-key', ...key.trim().split(/\s+/)]],
    ['base64 of PEM', (key) => ['--private-key', Buffer.from(key).toString('base64')]],
    ['base64 of DER', (key) => ['--private-key', key.replaceAll(/-----[^-]+-----|\s/g, '')]],
    ['hexadecimal', (key) => ['--private-key', Buffer.from(key).toString('hex')]],
    ['base64 of PEM as certificate', (key) => ['--certificate', Buffer.from(key).toString('base64')]],
    ['an endpoint with a password', () => ['--endpoint', `https://user:${password}@localhost`]],
    ['a PKCS#11 URI with a misspelt PIN', () => ['--private-key', `pkcs11:token=t?pin=${password}`]],
  ])('%s', async (_name, args) => {
    const key = readFileSync(leaf.key, 'utf8');
    const given = args(key);
    const { status, stdout, stderr } = await runCommand([
      ...['credential-process', '--debug', '--trust-anchor-arn', sandbox.trustAnchorArn],
      ...['--profile-arn', sandbox.profileArn, '--role-arn', sandbox.roleArn, '--endpoint', sandbox.endpoint],
      ...['--certificate', leaf.certificate, '--private-key', leaf.key, ...given],
    ]);
    expect(status).toBeGreaterThan(1);
    expect(stdout).toBe('');
    const pieces = [...secrets, ...given.flatMap((text) => text.match(/[\w+/=]{40,}/g) ?? [])];
    expect(pieces.filter((piece) => stderr.includes(piece))).toEqual([]);
  });
});
