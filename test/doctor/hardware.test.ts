/** Keys in hardware: the state of token and TPM is told, and no PIN or password is tried where one more could lock it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTpmSigner } from '../../src/identity/backends/tpm/open-tpm-key.ts';
import { opensslKey, toolKey, toolKeyFile } from '../identity/backends/tpm/keys.ts';
import { makeCa, makeLeaf, type Issued, openssl } from '../support/openssl.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule, type Token } from '../support/softhsm.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../support/swtpm.ts';
import { diagnose, findingsOf, wrongIn } from './diagnose.ts';
import { Lab } from './lab.ts';

const pin = '482910';

/** openssl writes key files that everybody may read. */
const isOfTpm = (one: string): boolean => !one.startsWith('files: ');

describe('a token', needsSoftHsm(), () => {
  let lab: Lab;
  let leaf: Issued;
  let token: Token;

  beforeAll(async () => {
    const folder = await Lab.open();
    const ca = makeCa(folder.folder, 'ca');
    lab = await Lab.open({ anchors: [readFileSync(ca.certificate, 'utf8')] });
    leaf = makeLeaf(folder.folder, 'leaf', ca);
    token = makeSoftHsm(lab.folder).makeToken('hsm', pin);
    token.addKey(leaf.key, { label: 'leaf', id: '01' });
    token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
    return () => folder.close();
  });

  afterAll(() => lab.close());

  const withToken = (changes: Record<string, string> = {}): Record<string, string> =>
    lab.env({
      ROLES_ANYWHERE_CERTIFICATE: 'pkcs11:token=hsm;object=leaf',
      ROLES_ANYWHERE_PKCS11_LIB: softHsmModule,
      ROLES_ANYWHERE_PKCS11_PIN_FILE: lab.file(pin),
      ...changes,
    });

  /** Of a token whose user gave a wrong PIN: SoftHSM sets the flag, and a right one takes it away. */
  function giveWrongPin(): void {
    const args = ['--module', softHsmModule, '--token-label', 'hsm', '--login', '--pin', '0000', '--list-objects'];
    expect(() => execFileSync('pkcs11-tool', args, { stdio: 'ignore', timeout: 60_000 })).toThrow('Command failed');
  }

  test('that is in order, with its certificate, and with one in a file', async () => {
    const report = await diagnose({ env: withToken() });
    expect(wrongIn(report)).toEqual([]);
    expect(report.checks.find(({ name }) => name === 'create-session')?.status).toBe('PASS');
    expect(findingsOf(report, 'token')[1]?.message).toMatch(
      /^token "hsm" \(serial \w+\) in slot \d+: no wrong PIN was given/,
    );
    const inFile = {
      ROLES_ANYWHERE_CERTIFICATE: leaf.certificate,
      ROLES_ANYWHERE_PRIVATE_KEY: 'pkcs11:token=hsm;object=leaf',
    };
    expect(wrongIn(await diagnose({ env: withToken(inFile) }))).toEqual([]);
  });

  test('whose PIN was given wrong: no other is tried', async () => {
    giveWrongPin();
    const flags = token.flags();
    expect(flags).toContain('user PIN count low');
    const report = await diagnose({ env: withToken({ ROLES_ANYWHERE_PKCS11_PIN_FILE: lab.file('999999') }) });
    expect(wrongIn(report)).toEqual(['token: pin-tries']);
    expect(findingsOf(report, 'private-key')[0]?.status).toBe('SKIP');
    expect(token.flags()).toBe(flags);
    execFileSync(
      'pkcs11-tool',
      ['--module', softHsmModule, '--token-label', 'hsm', '--login', '--pin', pin, '--list-objects'],
      {
        stdio: 'ignore',
        timeout: 60_000,
      },
    );
  });

  test('that is not there, or whose module is not', async () => {
    const missing = await diagnose({
      env: withToken({ ROLES_ANYWHERE_CERTIFICATE: 'pkcs11:token=other;object=leaf' }),
    });
    expect(wrongIn(missing)).toEqual(['token: PKCS11_NO_TOKEN']);
    const noModule = await diagnose({ env: withToken({ ROLES_ANYWHERE_PKCS11_LIB: '/nonexistent/module.so' }) });
    expect(wrongIn(noModule)).toEqual(['token: PKCS11_MODULE']);
  });

  test('that has no such object', async () => {
    const report = await diagnose({ env: withToken({ ROLES_ANYWHERE_CERTIFICATE: 'pkcs11:token=hsm;object=other' }) });
    expect(wrongIn(report)).toEqual(['private-key: PKCS11_NOT_FOUND']);
  });
});

describe('a TPM', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  let lab: Lab;
  let env: Record<string, string>;
  useSwtpm((made) => ({ folder, tpm } = made));

  beforeAll(async () => {
    const ca = makeCa(folder, 'ca');
    lab = await Lab.open({ anchors: [readFileSync(ca.certificate, 'utf8')] });
    const key = join(folder, 'leaf.tss2');
    await opensslKey(tpm, key, 'EC', ['group:P-256']);
    const request = join(folder, 'leaf.csr');
    await tpm.openssl('req', '-new', '-key', key, '-subj', '/CN=in-tpm', '-out', request);
    const extensions = join(folder, 'leaf.cnf');
    const certificate = join(folder, 'leaf.pem');
    writeFileSync(extensions, 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n');
    const signer = ['-CA', ca.certificate, '-CAkey', ca.key, '-CAcreateserial'];
    openssl(['x509', '-req', '-in', request, ...signer, '-days', '365', '-extfile', extensions, '-out', certificate]);
    env = lab.env({
      ROLES_ANYWHERE_CERTIFICATE: certificate,
      ROLES_ANYWHERE_PRIVATE_KEY: key,
      ROLES_ANYWHERE_TPM_DEVICE: tpm.tcti,
      ROLES_ANYWHERE_NO_TPM_KEY_PASSWORD: 'true',
    });
  });

  afterAll(() => lab.close());

  test('that is in order', async () => {
    const report = await diagnose({ env });
    const [first] = findingsOf(report, 'tpm');
    expect(first?.message).toMatch(/: 0 of \d+ wrong passwords until it locks$/);
    expect(wrongIn(report).filter(isOfTpm)).toEqual([]);
    expect(report.checks.find(({ name }) => name === 'create-session')?.status).toBe('PASS');
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('that is locked: no password is sent', async () => {
    await toolKey(tpm, folder, 'locked', { type: 'ecc256:ecdsa', password: 'right' });
    const locked = toolKeyFile(folder, 'locked', { parent: 0x4000_0001, emptyAuth: false });
    const device = { option: '--tpm-device', text: tpm.tcti };
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const keyPassword = { kind: 'value', option: 'the password', value: 'wrong' } as const;
      const key = await openTpmSigner(locked, { device, keyPassword }, {});
      await expect(key.signer.sign(Buffer.from('x'))).rejects.toMatchObject({ code: 'TPM_PASSWORD_WRONG' });
      await key.close();
    }
    const report = await diagnose({ env });
    expect(wrongIn(report).filter(isOfTpm)).toEqual(['tpm: TPM_LOCKED_OUT']);
    expect(findingsOf(report, 'private-key')[0]?.status).toBe('SKIP');
    await tpm.tool('tpm2_dictionarylockout', '--clear-lockout');
  });

  test('that does not answer', async () => {
    const report = await diagnose({ env: { ...env, ROLES_ANYWHERE_TPM_DEVICE: '/nonexistent/tpm' } });
    expect(wrongIn(report).filter(isOfTpm)).toEqual(['tpm: TPM_UNREACHABLE']);
  });
});
