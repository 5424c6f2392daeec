import { createPrivateKey, createPublicKey, KeyObject, sign, webcrypto, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { providerIn } from '../../../src/outputs/provider/from-roles-anywhere.ts';
import type { FromRolesAnywhereInit, ProviderLogger } from '../../../src/outputs/provider/init.ts';
import { parseCertificate } from '../../../src/identity/read-der-certificate.ts';
import { createCertificateAuthority, type IssuedLeaf, type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { makeFolder, openssl, removeFolder } from '../../support/openssl.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { arnsOf, sessionsOf, surroundings, type TestSurroundings } from './surroundings.ts';

let sandbox: Sandbox;
let folder: string;
let around: TestSurroundings = surroundings();

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => around.clock.now() });
  folder = makeFolder();
});

afterAll(async () => {
  removeFolder(folder);
  await sandbox.close();
});

beforeEach(() => {
  around = surroundings();
});

const provider = (init: object) =>
  providerIn(around, { ...arnsOf(sandbox), durationSeconds: 900, ...(init as FromRolesAnywhereInit) });

/** Puts a file with these bytes where certificates and keys are. */
function file(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes, { mode: 0o600 });
  return path;
}

const encrypted = (password: string) =>
  openssl(['pkcs8', '-topk8', '-in', sandbox.privateKeyPath, '-v2', 'aes-256-cbc', '-passout', `pass:${password}`]);

function pkcs12(password: string): Buffer {
  const input = ['-in', sandbox.certificatePath, '-inkey', sandbox.privateKeyPath];
  return openssl(['pkcs12', '-export', ...input, '-passout', `pass:${password}`]);
}

describe('certificate and key in each of their forms', () => {
  const key = () => createPrivateKey(sandbox.privateKey);
  const keyDer = () => key().export({ type: 'pkcs8', format: 'der' });

  test.each<[string, () => object]>([
    ['paths', () => ({ certificate: sandbox.certificatePath, privateKey: sandbox.privateKeyPath })],
    ['PEM text', () => ({ certificate: sandbox.certificate, privateKey: sandbox.privateKey })],
    [
      'PEM in buffers',
      () => ({ certificate: readFileSync(sandbox.certificatePath), privateKey: Buffer.from(sandbox.privateKey) }),
    ],
    [
      'DER',
      () => ({ certificate: new X509Certificate(sandbox.certificate).raw, privateKey: new Uint8Array(keyDer()) }),
    ],
    [
      'an X509Certificate and a KeyObject',
      () => ({ certificate: new X509Certificate(sandbox.certificate), privateKey: key() }),
    ],
    ['a path and a KeyObject', () => ({ certificate: sandbox.certificatePath, privateKey: key() })],
    ['one PEM for both', () => ({ certificate: sandbox.certificate + sandbox.privateKey })],
    ['PKCS#12', () => ({ certificate: pkcs12('pw'), pkcs8Password: 'pw' })],
    ['PKCS#12 and a function for its password', () => ({ certificate: pkcs12('pw'), pkcs8Password: () => 'pw' })],
    [
      'an encrypted key',
      () => ({ certificate: sandbox.certificate, privateKey: encrypted('pw'), pkcs8Password: 'pw' }),
    ],
    [
      'a question for the password',
      () => ({ certificate: sandbox.certificate, privateKey: encrypted('pw'), askSecret: async () => 'pw' }),
    ],
    [
      'functions for paths',
      () => ({ certificate: () => sandbox.certificatePath, privateKey: () => sandbox.privateKeyPath }),
    ],
    [
      'functions for PEM',
      () => ({ certificate: async () => sandbox.certificate, privateKey: async () => sandbox.privateKey }),
    ],
    ['a function for a KeyObject', () => ({ certificate: sandbox.certificate, privateKey: async () => key() })],
    ['functions for bytes', () => ({ certificate: () => Buffer.from(sandbox.certificate), privateKey: keyDer })],
    [
      'a key and its intermediates',
      () => ({ certificate: sandbox.certificate, privateKey: key(), intermediates: sandbox.ca.certificate }),
    ],
  ])('%s', async (_name, init) => {
    expect((await provider(init())()).accountId).toBe(sandbox.accountId);
  });

  test('places of the environment', async () => {
    around = surroundings({ LEAF: sandbox.certificate, KEY: sandbox.privateKey });
    expect((await provider({ certificate: 'env:LEAF', privateKey: 'env:KEY' })()).accountId).toBe(sandbox.accountId);
    expect((await provider({ certificate: () => 'env:LEAF', privateKey: () => 'env:KEY' })()).accountId).toBeDefined();
  });

  test('an identity of the caller, who closes it', async () => {
    let closed = 0;
    const identity = {
      certificate: parseCertificate(new X509Certificate(sandbox.certificate).raw),
      chain: [],
      signer: {
        algorithm: 'ECDSA',
        sign: async (message: Uint8Array) => sign('sha256', message, key()),
      },
      close: async () => void (closed += 1),
    };
    const credentials = provider({ identity });
    expect((await credentials()).accountId).toBe(sandbox.accountId);
    await credentials.close();
    expect(closed).toBe(0);
  });

  test('a KeyObject whose bytes cannot be had works like any other', async () => {
    const hidden = key();
    hidden.export = () => {
      throw new Error('this key is never exported');
    };
    expect((await provider({ certificate: sandbox.certificate, privateKey: hidden })()).accountId).toBeDefined();
  });
});

describe('what cannot be used is refused, and not shown', () => {
  let stranger: IssuedLeaf;

  beforeAll(async () => {
    stranger = await sandbox.ca.issueLeaf();
  });

  const pem = () => ({ certificate: sandbox.certificate });
  test.each<[string, () => Promise<object> | object, string, string]>([
    [
      'a public KeyObject',
      () => ({ ...pem(), privateKey: createPublicKey(sandbox.privateKey) }),
      'KEY_INVALID',
      'privateKey is a public key, where the private key belongs',
    ],
    [
      'a KeyObject of another family',
      () => ({ ...pem(), privateKey: createPrivateKey(openssl(['genpkey', '-algorithm', 'ed25519'])) }),
      'KEY_UNSUPPORTED',
      'privateKey is a key of type ed25519, which cannot be used',
    ],
    [
      'a KeyObject for another certificate',
      () => ({ ...pem(), privateKey: createPrivateKey(stranger.privateKey) }),
      'KEY_MISMATCH',
      'privateKey: the value given (EC P-256) is not the key of certificate: the value given',
    ],
    [
      'a CryptoKey',
      async () => ({
        ...pem(),
        privateKey: (await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']))
          .privateKey,
      }),
      'OPTION_INVALID',
      'privateKey is an object of type CryptoKey, which cannot be read',
    ],
    [
      'text that is no key',
      () => ({ ...pem(), privateKey: 'line\nline' }),
      'KEY_INVALID',
      'privateKey: the value given',
    ],
    [
      'a function that gives nothing',
      () => ({ ...pem(), privateKey: () => undefined }),
      'OPTION_INVALID',
      'privateKey is undefined, which cannot be read',
    ],
    [
      'a function that throws',
      () => ({
        ...pem(),
        privateKey: () => {
          throw new Error('the vault is sealed');
        },
      }),
      'KEY_UNREADABLE',
      'privateKey: the function that gives it failed: Error',
    ],
    [
      'a function that gives no password',
      () => ({ ...pem(), privateKey: encrypted('pw'), pkcs8Password: () => 5 }),
      'OPTION_INVALID',
      'pkcs8Password is a value of type number, where a string belongs',
    ],
    [
      'a function for the wrong password',
      () => ({ ...pem(), privateKey: encrypted('pw'), pkcs8Password: async () => 'hunter2' }),
      'PASSWORD_WRONG',
      'privateKey: the value given',
    ],
    [
      'the handle of a TPM for a certificate',
      () => ({ certificate: () => 'handle:0x81000001', privateKey: sandbox.privateKey }),
      'OPTION_INVALID',
      'certificate names a handle of the TPM',
    ],
  ])('%s', async (_name, init, code, message) => {
    const error = await rejectionOf(provider(await init())());
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(`${error.message} ${error.hints.join(' ')}`).not.toMatch(/--[a-z]|hunter2|BEGIN/);
  });
});

describe('rotation', () => {
  const lifetime = 20 * 60_000;
  let warnings: string[];
  let logger: ProviderLogger;
  let fresh: IssuedLeaf;

  beforeEach(async () => {
    warnings = [];
    const silent = () => undefined;
    logger = { debug: silent, info: silent, error: silent, warn: (line) => warnings.push(String(line)) };
    fresh = await sandbox.ca.issueLeaf({ subject: 'CN=fresh', keyType: 'RSA-2048' });
  });

  const lastSerial = () => sandbox.requests.at(-1)?.session?.arn;

  test.each<[string, (leaf: () => IssuedLeaf) => object]>([
    ['functions', (leaf) => ({ certificate: () => leaf().certificate, privateKey: () => leaf().privateKey })],
    [
      'a function for a KeyObject',
      (leaf) => ({ certificate: () => leaf().certificate, privateKey: () => createPrivateKey(leaf().privateKey) }),
    ],
  ])('%s: called again at each renewal', async (_name, init) => {
    let leaf: IssuedLeaf = { ...fresh, certificate: sandbox.certificate, privateKey: sandbox.privateKey };
    const credentials = provider({ ...init(() => leaf), logger });
    await credentials();
    const before = lastSerial();
    leaf = fresh;
    await credentials();
    expect(lastSerial()).toBe(before);
    around.advance(lifetime);
    await credentials();
    expect(lastSerial()).not.toBe(before);
    expect(lastSerial()).toContain(fresh.serialNumber.toString(16));
    expect(warnings).toEqual([]);
  });

  test('a pair that does not fit, half renewed, leaves the one before in use, with a warning', async () => {
    let certificate = sandbox.certificate;
    const credentials = provider({ certificate: () => certificate, privateKey: () => sandbox.privateKey, logger });
    await credentials();
    const before = lastSerial();
    certificate = fresh.certificate;
    around.advance(lifetime);
    await credentials();
    expect(lastSerial()).toBe(before);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^roles-anywhere - fromRolesAnywhere: .*privateKey: the value given \(EC P-256\) is not the key/,
      ),
    ]);
    expect(warnings.join()).not.toContain('BEGIN');
  });

  test('what has expired is not kept', async () => {
    let fails = false;
    const short = await sandbox.ca.issueLeaf({ notBefore: new Date(Date.now() - 86_400_000), days: 2 });
    const readKey = () => {
      if (fails) throw new Error('the vault is sealed');
      return short.privateKey;
    };
    const credentials = provider({ certificate: short.certificate, privateKey: readKey, logger });
    await credentials();
    fails = true;
    around.advance(3 * 86_400_000);
    expect(await rejectionOf(credentials())).toMatchObject({ code: 'KEY_UNREADABLE' });
  });

  test('files that were renewed are read anew', async () => {
    const certificate = file('leaf.pem', sandbox.certificate);
    const privateKey = file('leaf.key', sandbox.privateKey);
    const credentials = provider({ certificate, privateKey, logger });
    await credentials();
    file('leaf.pem', fresh.certificate);
    file('leaf.key', fresh.privateKey);
    around.advance(lifetime);
    await credentials();
    expect(lastSerial()).toContain(fresh.serialNumber.toString(16));
    await credentials.close();
  });

  test('a function is called once for each opening, whoever waits', async () => {
    let calls = 0;
    const before = sessionsOf(sandbox);
    const certificate = () => {
      calls += 1;
      return sandbox.certificate;
    };
    const credentials = provider({ certificate, privateKey: sandbox.privateKey });
    await Promise.all([credentials(), credentials(), credentials()]);
    expect(calls).toBe(1);
    expect(sessionsOf(sandbox)).toBe(before + 1);
  });
});

test('a stranger is refused by the service, and says so', async () => {
  const leaf = await (await createCertificateAuthority()).issueLeaf();
  const error = await rejectionOf(provider({ certificate: leaf.certificate, privateKey: leaf.privateKey })());
  expect(error).toMatchObject({ code: 'REFUSED_UNTRUSTED', tryNextLink: false });
});

test('KeyObject.from makes a CryptoKey usable, as the hint says', async () => {
  const pair = createPrivateKey(sandbox.privateKey).export({ type: 'pkcs8', format: 'der' });
  const key = await webcrypto.subtle.importKey('pkcs8', pair, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
  const credentials = provider({ certificate: sandbox.certificate, privateKey: KeyObject.from(key) });
  expect((await credentials()).accountId).toBe(sandbox.accountId);
});
