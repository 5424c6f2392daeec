import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { makeParent, persist, toolKey, toolKeyFile } from '../identity/backends/tpm/keys.ts';
import { type CommandSettings, runCommand } from '../support/command.ts';
import {
  certificateDer,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  openssl,
  removeFolder,
} from '../support/openssl.ts';
import { ask } from '../support/ask-server.ts';
import { faultAt, makeShim, needsShim } from '../support/cryptoki-shim.ts';
import { openGate } from '../support/gate.ts';
import { opensslJudge } from '../support/openssl-judge.ts';
import { startCommand } from '../support/running-command.ts';
import { makeSoftHsm, needsSoftHsm, type SoftHsm, softHsmModule, type Token } from '../support/softhsm.ts';
import { needsTpm, startSwtpm, type Swtpm } from '../support/swtpm.ts';

/** Keys that never leave their hardware, by the built command, accepted by a sandbox that verifies all of it. */

const pin = '482910';
const password = 'correct-horse-battery';
const parentPassword = 'parent-of-the-horse';
const wrong = 'not-the-right-one';
const secrets = [pin, password, parentPassword, wrong];

const folder = makeFolder();
const at = (name: string): string => join(folder, name);
let ca: Issued;
let sub: Issued;
let sandbox: Sandbox;

beforeAll(async () => {
  ca = makeCa(folder, 'ca');
  sub = makeCa(folder, 'sub', { issuer: ca });
  sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

function secretFile(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content, { mode: 0o600 });
  return at(name);
}

function request(args: readonly string[], settings: CommandSettings) {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  return runCommand(['credential-process', ...target, '--endpoint', endpoint, ...args], settings);
}

async function expectCredentials(args: readonly string[], settings: CommandSettings): Promise<void> {
  const { status, stdout, stderr } = await request(args, settings);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string });
}

/** DER SubjectPublicKeyInfo of a certificate. */
function publicKeyOf(certificate: string): Buffer {
  const pem = openssl(['x509', '-in', certificate, '-noout', '-pubkey']);
  return openssl(['pkey', '-pubin', '-outform', 'DER'], pem);
}

/** sign-string: the signature of the message that the official helper signs, as openssl sees it. */
async function expectTestSignature(args: readonly string[], settings: CommandSettings, publicKey: Buffer) {
  // An RSA key begins after a header of 24 bytes; a point is the end of an EC key, from the 04 behind the first 00 on.
  const isRsa = publicKey.includes(Buffer.from('2a864886f70d010101', 'hex'));
  const key = isRsa ? publicKey.subarray(24) : publicKey.subarray(publicKey.indexOf(Buffer.of(0, 4)) + 1);
  const hash = createHash('sha256').update('IAM RA').update(key).digest();
  const message = Buffer.concat([Buffer.from('AWS Roles Anywhere Credential Helper Signing Test1'), hash]);
  const { status, stdout, stderr } = await runCommand(['sign-string', '--format', 'text', ...args], settings);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(opensslJudge(folder, publicKey)(message, Buffer.from(stdout, 'hex'), 'SHA-256')).toBe(true);
}

/** With --debug, which shows the code and all there is underneath, but no secret. */
async function failureOf(args: readonly string[], settings: CommandSettings) {
  const { status, stdout, stderr } = await request(['--debug', ...args], settings);
  expect(stdout).toBe('');
  expect(secrets.filter((secret) => stderr.includes(secret))).toEqual([]);
  const message = /^roles-anywhere: (?!warning)(.*)$/m.exec(stderr)?.[1] ?? stderr;
  return { status, code: /^debug: code (\w+)/m.exec(stderr)?.[1], message };
}

describe('a PKCS#11 token', { skip: needsSoftHsm().skip || needsShim().skip }, () => {
  let softHsm: SoftHsm;
  let token: Token;
  let pinFile: string;
  let shim: string;
  let other: Issued;
  const keyTypes = ['rsa:2048', 'p256', 'p384', 'p521'] as const;
  const leaves = new Map<string, Issued>();
  const nameOf = (keyType: string): string => keyType.replace(':', '-');
  const uri = (object: string): string => `pkcs11:token=hsm;object=${object}`;
  const run = (): CommandSettings => ({ env: { SOFTHSM2_CONF: softHsm.configuration } });
  const lib = ['--pkcs11-lib', softHsmModule];
  const withPin = (): string[] => [...lib, '--pkcs11-pin-file', pinFile];

  beforeAll(() => {
    softHsm = makeSoftHsm(folder);
    token = softHsm.makeToken('hsm', pin);
    pinFile = secretFile('pin', `${pin}\n`);
    shim = makeShim(folder);
    keyTypes.forEach((keyType, index) => {
      const leaf = makeLeaf(folder, nameOf(keyType), sub, { keyType });
      const names = { label: nameOf(keyType), id: `0${index + 1}` };
      token.addKey(leaf.key, names);
      token.addCertificate(leaf.certificate, names);
      leaves.set(keyType, leaf);
    });
    token.addCertificate(sub.certificate, { label: 'sub', id: '0a' });
    other = makeLeaf(folder, 'other', sub);
  });

  test.each(keyTypes)('%s, certificate and chain on the token', async (keyType) => {
    await expectCredentials(['--certificate', uri(nameOf(keyType)), ...withPin()], run());
  });

  test.each(keyTypes)('%s, its certificate and chain in files', async (keyType) => {
    const leaf = leaves.get(keyType)?.certificate ?? '';
    const pair = ['--certificate', leaf, '--private-key', uri(nameOf(keyType))];
    await expectCredentials([...pair, '--intermediates', sub.certificate, ...withPin()], run());
  });

  test('module and PIN in the URI, and from the environment', async () => {
    const inUri = `${uri('p256')}?module-path=${softHsmModule}&pin-value=${pin}`;
    await expectCredentials(['--certificate', inUri], run());
    const env = { ...run().env, PKCS11_MODULE_PATH: softHsmModule, ROLES_ANYWHERE_PKCS11_PIN: pin };
    await expectCredentials(['--certificate', uri('p256')], { env });
    // A variable that all programs share goes after the module that the URI names.
    await expectCredentials(['--certificate', inUri], { env: { ...env, PKCS11_MODULE_PATH: '/nonexistent.so' } });
  });

  test.each(keyTypes)('sign-string with the certificate and without: %s', async (keyType) => {
    const leaf = leaves.get(keyType)?.certificate ?? '';
    for (const certificate of [[], ['--certificate', leaf]]) {
      const args = ['--private-key', uri(nameOf(keyType)), ...certificate, ...withPin()];
      await expectTestSignature(args, run(), publicKeyOf(leaf));
    }
  });

  test('read-certificate-data lists what a URI matches, without a PIN', async () => {
    const { status, stdout } = await runCommand(['read-certificate-data', '--certificate', uri('p384'), ...lib], run());
    const path = leaves.get('p384')?.certificate ?? '';
    const ask = (option: string): string =>
      openssl(['x509', '-in', path, '-noout', option])
        .toString()
        .trim()
        .replace(/^.*=0?/, '');
    const fingerprint = createHash('sha1').update(certificateDer(path)).digest('hex');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        [
          '^Matching identities',
          `1\\) Hex Fingerprint: ${fingerprint}`,
          'Subject: CN=p384',
          'Issuer: CN=sub',
          `Serial Number: ${ask('-serial')}`,
          'URI: pkcs11:\\S*token=hsm;id=%03;object=p384;type=cert',
          '\n$',
        ].join('\n'),
      ),
    );
    const none = await runCommand(['read-certificate-data', '--certificate', uri('none'), ...lib], run());
    expect([none.status, none.stdout]).toEqual([0, 'No matching identities\n']);
  });

  test.each<[string, () => string[], string, RegExp]>([
    [
      'a missing module',
      () => ['--certificate', uri('p256'), '--pkcs11-lib', at('no-such.so')],
      'PKCS11_MODULE',
      /--pkcs11-lib: .*no-such\.so/,
    ],
    ['no PIN', () => ['--certificate', uri('p256'), ...lib], 'PIN_MISSING', /hsm.*PIN/],
    [
      'a token that is not there',
      () => ['--certificate', 'pkcs11:token=other', ...withPin()],
      'PKCS11_NO_TOKEN',
      /--certificate/,
    ],
    [
      'a key that is not there',
      () => ['--certificate', uri('none'), ...withPin()],
      'PKCS11_NOT_FOUND',
      /--certificate/,
    ],
    [
      'a certificate of another kind of key',
      () => ['--certificate', leaves.get('rsa:2048')?.certificate ?? '', '--private-key', uri('p256'), ...withPin()],
      'KEY_MISMATCH',
      /--certificate: .*rsa-2048\.pem/,
    ],
    [
      'a certificate of another curve',
      () => ['--certificate', leaves.get('p384')?.certificate ?? '', '--private-key', uri('p256'), ...withPin()],
      'KEY_MISMATCH',
      /--certificate: .*p384\.pem/,
    ],
    [
      // The token tells nothing of the key that would give it away, but a test signature does.
      'a certificate of another key',
      () => ['--certificate', other.certificate, '--private-key', uri('p256'), ...withPin()],
      'KEY_MISMATCH',
      /--certificate: .*other\.pem/,
    ],
    [
      'the wrong PIN',
      () => ['--certificate', uri('p256'), ...lib, '--pkcs11-pin', wrong],
      'PIN_WRONG',
      /^--pkcs11-pin: .*hsm.*refused the PIN/,
    ],
    [
      'the wrong PIN in the URI',
      () => ['--certificate', `${uri('p256')}?pin-value=${wrong}`, ...lib],
      'PIN_WRONG',
      /^pin-value of --certificate: .*hsm/,
    ],
  ])('%s', async (_name, args, code, message) => {
    const failure = await failureOf(args(), run());
    expect(failure).toEqual({ status: 3, code, message: expect.stringMatching(message) as string });
  });

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['a locked PIN', faultAt('C_Login', '0xa4'), 'PIN_LOCKED', /^the PIN of token "hsm" .* is locked after too many/],
    [
      'a token that is lost while it signs',
      faultAt('C_Sign', '0x32'),
      'PKCS11_FAILED',
      /^--certificate: signing with token "hsm" .* failed with CKR_DEVICE_REMOVED: the token was removed$/,
    ],
    [
      'a token whose sessions other programs hold',
      faultAt('C_SignInit', '0xb1'),
      'PKCS11_FAILED',
      /CKR_SESSION_COUNT: other programs hold all sessions/,
    ],
  ])('%s', async (_name, faults, code, message) => {
    const args = ['--certificate', uri('p256'), '--pkcs11-lib', shim, '--pkcs11-pin-file', pinFile];
    const failure = await failureOf(args, { env: { ...run().env, SHIM_MODULE: softHsmModule, ...faults } });
    expect(failure).toEqual({ status: 3, code, message: expect.stringMatching(message) as string });
  });

  test('serve answers whoever asks while the token takes its time over any call', async () => {
    const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
    const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
    const key = ['--certificate', uri('p256'), '--pkcs11-lib', shim, '--pkcs11-pin-file', pinFile];
    const gate = at('gate');
    const serve = startCommand(['serve', '--wait', '--port', '0', ...target, '--endpoint', endpoint, ...key], {
      env: { ...run().env, SHIM_MODULE: softHsmModule, TEST_GATE: gate },
    });
    const called = new Set<string>();
    let isAsked = true;
    const close = openGate(gate, async (name) => {
      const [base] = await serve.said(/http:\/\/127\.0\.0\.1:\d+/);
      if (isAsked && !called.has(name)) await ask(base, '/healthz');
      called.add(name);
    });
    try {
      await serve.said(/credentials/);
      expect([...called]).toEqual(expect.arrayContaining(['C_Initialize', 'C_OpenSession', 'C_FindObjects', 'C_Sign']));
    } finally {
      isAsked = false;
      await serve.stop().finally(close);
    }
  });

  test.each([
    ['C_OpenSession', []],
    ['C_Sign', ['--wait']],
  ])('serve ends by a signal while %s of a module hangs', async (name, how) => {
    const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
    const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
    const key = ['--certificate', uri('p256'), '--pkcs11-lib', shim, '--pkcs11-pin-file', pinFile];
    const gate = at(`gate-${name}`);
    const serve = startCommand(['serve', ...how, '--port', '0', ...target, '--endpoint', endpoint, ...key], {
      env: { ...run().env, SHIM_MODULE: softHsmModule, TEST_GATE: gate, TEST_GATE_AT: name },
    });
    onTestFinished(() => void serve.child.kill('SIGKILL'));
    // It hangs for longer than this test may take.
    await expect.poll(() => existsSync(gate), { timeout: 60_000 }).toBe(true);
    expect(await serve.stop()).toEqual({ status: 0, signal: null });
  });

  test('a token that is pulled before the PIN comes', async () => {
    const fifo = at('pin.fifo');
    execFileSync('mkfifo', [fifo]);
    const failure = failureOf(['--certificate', uri('p256'), ...lib, '--pkcs11-pin-file', fifo], run());
    // Opens once the command reads: it has found the token by then.
    const writer = await open(fifo, 'w');
    renameSync(softHsm.tokenFolder, at('pulled'));
    await writer.writeFile(pin);
    await writer.close();
    const found = await failure;
    renameSync(at('pulled'), softHsm.tokenFolder);
    // SoftHSM has no better word for it than CKR_GENERAL_ERROR.
    const message = expect.stringMatching(/^--certificate: opening the key failed with CKR_\w+: /) as string;
    expect(found).toEqual({ status: 3, code: 'PKCS11_FAILED', message });
  });
});

describe('a TPM', needsTpm(), () => {
  let tpm: Swtpm;
  const keys = new Map<string, { readonly path: string; readonly certificate: string }>();
  const types = { 'rsa:2048': 'rsa2048:rsassa', p256: 'ecc256:ecdsa', p384: 'ecc384:ecdsa', p521: 'ecc521:ecdsa' };
  const device = (): string[] => ['--tpm-device', tpm.tcti];

  /** A certificate for a key of the TPM, whose public half `tpm2_print` writes as PEM. */
  async function certify(name: string): Promise<string> {
    const publicKey = at(`${name}.pub.pem`);
    writeFileSync(publicKey, await tpm.tool('tpm2_print', '-t', 'TPM2B_PUBLIC', '-f', 'pem', at(`${name}.pub`)));
    const other = makeLeaf(folder, `${name}-other`, ca);
    const request = at(`${name}.csr`);
    openssl(['req', '-new', '-key', other.key, '-subj', `/CN=${name}`, '-out', request]);
    const extensions =
      'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth';
    writeFileSync(at('leaf.ext'), `${extensions}\n`);
    const issuing = ['-CA', ca.certificate, '-CAkey', ca.key, '-CAcreateserial', '-days', '30'];
    const out = ['-extfile', at('leaf.ext'), '-out', at(`${name}.crt`)];
    openssl(['x509', '-req', '-in', request, '-force_pubkey', publicKey, ...issuing, ...out]);
    return at(`${name}.crt`);
  }

  function keep(name: string, bytes: Uint8Array, certificate: string): void {
    const base64 = Buffer.from(bytes).toString('base64').replaceAll(/.{64}/g, '$&\n');
    const pem = `-----BEGIN TSS2 PRIVATE KEY-----\n${base64}\n-----END TSS2 PRIVATE KEY-----\n`;
    keys.set(name, { path: secretFile(`${name}.tss2`, pem), certificate });
  }

  const pairOf = (name: string): string[] => {
    const { path, certificate } = keys.get(name) ?? { path: '', certificate: '' };
    return ['--certificate', certificate, '--private-key', path];
  };

  beforeAll(async () => {
    tpm = await startSwtpm(folder);
    for (const [name, type] of Object.entries(types)) {
      for (const [suffix, given] of [
        ['open', undefined],
        ['locked', password],
      ] as const) {
        const file = `${name.replace(':', '-')}-${suffix}`;
        await toolKey(tpm, folder, file, { type, ...(given === undefined ? {} : { password: given }) });
        const source = toolKeyFile(folder, file, { parent: 0x4000_0001, emptyAuth: given === undefined });
        if (source.kind === 'tss2') keep(file, source.bytes, await certify(file));
      }
    }
    const parent = await makeParent(tpm, folder, 'parent', '-p', parentPassword);
    await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', parent, '0x81000010');
    await toolKey(tpm, folder, 'child', { type: 'ecc256:ecdsa', parent: '0x81000010', parentPassword });
    const child = toolKeyFile(folder, 'child', { parent: 0x8100_0010, emptyAuth: true });
    if (child.kind === 'tss2') keep('child', child.bytes, await certify('child'));
    const handleParent = await toolKey(tpm, folder, 'held', { type: 'ecc256:ecdsa', password });
    await persist(tpm, folder, 'held', handleParent, 0x8100_0020);
    keys.set('held', { path: 'handle:0x81000020', certificate: await certify('held') });
  });

  afterAll(() => tpm.stop());

  test.each(['rsa-2048', 'p256', 'p384', 'p521'])('%s in a TSS2 file', async (name) => {
    await expectCredentials([...pairOf(`${name}-open`), ...device()], {});
    expect(await tpm.leftovers()).toEqual([]);
  });

  test.each(['rsa-2048', 'p256', 'p384', 'p521'])('%s in a TSS2 file, with a password', async (name) => {
    const path = secretFile('tpm-password', `${password}\n`);
    await expectCredentials([...pairOf(`${name}-locked`), ...device(), '--tpm-key-password-file', path], {});
  });

  test('certificate and TSS2 key in one file', async () => {
    const { path, certificate } = keys.get('p256-open') ?? { path: '', certificate: '' };
    const both = secretFile('both.pem', Buffer.concat([readFileSync(certificate), readFileSync(path)]));
    await expectCredentials(['--certificate', both, ...device()], {});
  });

  test('by handle, password and device from the environment', async () => {
    const env = { TPM2TOOLS_TCTI: tpm.tcti, ROLES_ANYWHERE_TPM_KEY_PASSWORD: password };
    await expectCredentials(pairOf('held'), { env });
    await expectCredentials(pairOf('held'), { env: { ...env, TPM2TOOLS_TCTI: '/nowhere', TPM_DEVICE: tpm.tcti } });
  });

  test('below a parent with a password', async () => {
    await expectCredentials([...pairOf('child'), ...device(), '--tpm-parent-password', parentPassword], {});
  });

  test.each(['rsa-2048-open', 'p256-open', 'p384-open', 'p521-open', 'held'])(
    'sign-string with the certificate and without: %s',
    async (name) => {
      const more = name === 'held' ? ['--tpm-key-password', password] : [];
      const pair = pairOf(name);
      for (const key of [pair, pair.slice(2)]) {
        await expectTestSignature([...key, ...device(), ...more], {}, publicKeyOf(pair[1] ?? ''));
      }
    },
  );

  test.each<[string, () => string[], string, RegExp]>([
    [
      'unreachable',
      () => [...pairOf('p256-open'), '--tpm-device', at('no-such-tpm')],
      'TPM_UNREACHABLE',
      /no-such-tpm/,
    ],
    [
      'the wrong password',
      () => [...pairOf('p256-locked'), ...device(), '--tpm-key-password', wrong],
      'TPM_PASSWORD_WRONG',
      /--private-key: .*p256-locked\.tss2: .*refused the password of the key, given by --tpm-key-password$/,
    ],
    [
      'the wrong password of the parent',
      () => [...pairOf('child'), ...device(), '--tpm-parent-password', wrong],
      'TPM_PASSWORD_WRONG',
      /the parent of the key, given by --tpm-parent-password$/,
    ],
    ['no password', () => [...pairOf('held'), ...device()], 'PASSWORD_MISSING', /TPM handle 0x81000020/],
    [
      'the certificate of another key',
      () => [...pairOf('p384-open').slice(0, 2), ...pairOf('p256-open').slice(2), ...device()],
      'KEY_MISMATCH',
      /\(EC P-256\) is not the key of --certificate: .*p384-open\.crt/,
    ],
    [
      'a damaged key file',
      () => {
        const pem = '-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n';
        return [...pairOf('p256-open').slice(0, 2), '--private-key', secretFile('damaged.tss2', pem), ...device()];
      },
      'TPM_KEY_INVALID',
      /--private-key: .*damaged\.tss2/,
    ],
  ])('%s', async (_name, args, code, message) => {
    const failure = await failureOf(args(), {});
    expect(failure).toEqual({ status: 3, code, message: expect.stringMatching(message) as string });
  });

  test('a TPM that wrong passwords have locked, and the command that unlocks it', async () => {
    const withPassword = (word: string): string[] => [
      ...pairOf('p256-locked'),
      ...device(),
      '--tpm-key-password',
      word,
    ];
    await tpm.tool('tpm2_dictionarylockout', '--clear-lockout');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await failureOf(withPassword(wrong), {})).toMatchObject({ status: 3, code: 'TPM_PASSWORD_WRONG' });
    }
    // The right one, too, is not sent into a locked TPM any more.
    expect(await failureOf(withPassword(password), {})).toEqual({
      status: 3,
      code: 'TPM_LOCKED_OUT',
      message: expect.stringMatching(/^swtpm at .* is locked: too many wrong passwords were given$/) as string,
    });
    await tpm.tool('tpm2_dictionarylockout', '--clear-lockout');
    await expectCredentials(withPassword(password), {});
  });

  // Each waits for five seconds.
  test.concurrent('a swtpm that somebody else uses', async () => {
    const first = connect(tpm.address);
    await once(first, 'connect');
    // swtpm answers the one whom it has accepted first, once that one has said something.
    first.write(Buffer.from('80010000000c000001440000', 'hex'));
    await once(first, 'data');
    expect(await failureOf([...pairOf('p256-open'), ...device()], {})).toEqual({
      status: 3,
      code: 'TPM_BUSY',
      message: expect.stringMatching(/^swtpm at .*: the TPM did not answer within 5 s$/) as string,
    });
    first.destroy();
    await expectCredentials([...pairOf('p256-open'), ...device()], {});
  });

  test.concurrent('a device that somebody else has open', async () => {
    // What the kernel says of /dev/tpm0 then; here there is no such device to open twice.
    const busy = `const files = require('node:fs/promises');
      const { open } = files;
      const error = Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' });
      files.open = (path, ...more) => (path === '/dev/null' ? Promise.reject(error) : open(path, ...more));`;
    writeFileSync(at('busy.cjs'), busy);
    const args = [...pairOf('p256-open'), '--tpm-device', '/dev/null'];
    expect(await failureOf(args, { nodeOptions: ['--require', at('busy.cjs')] })).toEqual({
      status: 3,
      code: 'TPM_BUSY',
      message: '/dev/null is in use by another program',
    });
  });
});
