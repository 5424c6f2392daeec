import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SigningIdentity } from '../../../../src/identity/identity.ts';
import { openPkcs11Identity, openPkcs11Signer } from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import { parseX509 } from '../../../../src/identity/x509/parse-certificate.ts';
import { certificateDer, type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../../../support/openssl.ts';
import { certificateAt, optionsWith, personWho, privateKeyAt, signsWell } from '../../../support/pkcs11.ts';
import { loadModule, type TestBinding } from '../../../support/cryptoki-binding.ts';
import {
  certificateTemplate,
  makeSoftHsm,
  needsSoftHsm,
  readWriteSession,
  type SoftHsm,
  softHsmModule,
  spyModule,
  type Token,
} from '../../../support/softhsm.ts';
import { rejectionOf } from '../../../support/thrown.ts';

const open = (uri = 'pkcs11:token=hsm;object=leaf?pin-value=1234', person = personWho()): Promise<SigningIdentity> =>
  openPkcs11Identity({ certificate: certificateAt(uri) }, optionsWith(), person);

describe('a key of SoftHSM held for long', needsSoftHsm(), () => {
  let made: string;
  let leaf: Issued;
  let folder: string;
  let hsm: SoftHsm;
  let token: Token;
  /** Another user of the same module in this process. */
  let meddler: TestBinding;

  beforeAll(() => {
    made = makeFolder();
    leaf = makeLeaf(made, 'leaf', makeCa(made, 'root'));
    meddler = loadModule(softHsmModule);
  });

  beforeEach(() => {
    folder = makeFolder();
    hsm = makeSoftHsm(folder);
    token = hsm.makeToken('hsm');
    token.addKey(leaf.key, { label: 'leaf', id: '01' });
    token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
  });

  afterEach(() => {
    removeFolder(folder);
    if (isInitialized()) throw new Error('the module was left initialised');
  });
  afterAll(() => removeFolder(made));

  function isInitialized(): boolean {
    try {
      return meddler.C_GetSlotList() !== undefined;
    } catch {
      return false;
    }
  }

  function openSession(): bigint {
    const slot = meddler.C_GetSlotList().find((slot) => meddler.C_GetTokenInfo(slot).label === 'hsm');
    return meddler.C_OpenSession(slot ?? 0n, readWriteSession);
  }

  function closeAllSessions(): void {
    for (const slot of meddler.C_GetSlotList()) meddler.C_CloseAllSessions(slot);
  }

  /** In this process: SoftHSM does not notice when another one does it. The user must be logged in. */
  function changePin(from: string, to: string): void {
    meddler.C_SetPIN(openSession(), from, to);
  }

  /** SoftHSM's tokens are folders. */
  function pullToken(): void {
    renameSync(hsm.tokenFolder, `${hsm.tokenFolder}-pulled`);
    mkdirSync(hsm.tokenFolder);
  }

  function putTokenBack(): void {
    rmdirSync(hsm.tokenFolder);
    renameSync(`${hsm.tokenFolder}-pulled`, hsm.tokenFolder);
  }

  test('signs again after its session was lost', async () => {
    const identity = await open();
    expect(await signsWell(identity)).toBe(true);
    closeAllSessions();
    expect(await signsWell(identity)).toBe(true);
    closeAllSessions();
    expect(await signsWell(identity)).toBe(true);
    await identity.close();
  });

  test('signs again after another part of the process logged out', async () => {
    const identity = await open();
    meddler.C_Logout(openSession());
    expect(await signsWell(identity)).toBe(true);
    await identity.close();
  });

  test('signs again after another part of the process finalised the module', async () => {
    const identity = await open();
    meddler.C_Finalize();
    expect(await signsWell(identity)).toBe(true);
    await identity.close();
  });

  test('is not asked for the PIN again, also where a person typed it', async () => {
    const person = personWho('1234');
    const identity = await open('pkcs11:token=hsm;object=leaf', person);
    closeAllSessions();
    expect(await signsWell(identity)).toBe(true);
    await identity.close();
    expect(person.questions).toHaveLength(1);
  });

  test('reads the file of the PIN again, whose PIN may be another one now', async () => {
    const path = join(folder, 'pin');
    writeFileSync(path, '1234');
    const identity = await open(`pkcs11:token=hsm;object=leaf?pin-source=${path}`);
    changePin('1234', '567890');
    writeFileSync(path, '567890');
    closeAllSessions();
    expect(await signsWell(identity)).toBe(true);
    await identity.close();
  });

  test('sends a PIN that was changed behind its back once', async () => {
    const log = join(folder, 'spy.log');
    process.env['PKCS11SPY'] = softHsmModule;
    process.env['PKCS11SPY_OUTPUT'] = log;
    const identity = await openPkcs11Identity(
      { certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') },
      optionsWith({ module: { option: '--pkcs11-lib', path: spyModule } }),
      personWho(),
    );
    changePin('1234', '567890');
    closeAllSessions();
    expect((await rejectionOf(signsWell(identity))).code).toBe('PIN_WRONG');
    expect((await rejectionOf(signsWell(identity))).code).toBe('PIN_WRONG');
    await identity.close();
    expect(readFileSync(log, 'latin1').match(/CKR_PIN_INCORRECT/g)).toHaveLength(1);
  });

  test('says that the token was pulled, and signs again when it is back', async () => {
    const identity = await open();
    pullToken();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error = await rejectionOf(signsWell(identity));
      expect(error.code).toBe('PKCS11_NO_TOKEN');
      expect(error.message).toBe(`--certificate: token "hsm" (serial ${token.serial}) is not there any more`);
    }
    putTokenBack();
    expect(await signsWell(identity)).toBe(true);
    expect(await signsWell(identity)).toBe(true);
    await identity.close();
  });

  test('does not take another token for the one that was pulled', async () => {
    const identity = await open();
    pullToken();
    const twin = hsm.makeToken('hsm');
    twin.addKey(leaf.key, { label: 'leaf', id: '01' });
    twin.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
    expect((await rejectionOf(signsWell(identity))).code).toBe('PKCS11_NO_TOKEN');
    await identity.close();
  });

  test('says that the key was deleted', async () => {
    const identity = await open();
    closeAllSessions();
    token.removeKey({ id: '01' });
    const error = await rejectionOf(signsWell(identity));
    expect(error.code).toBe('PKCS11_NOT_FOUND');
    expect(error.message).toBe(`--certificate: the key is not on token "hsm" (serial ${token.serial}) any more`);
    await identity.close();
  });

  test('shares the module with others: the last one finalises it', async () => {
    const one = await open();
    const two = await open();
    await one.close();
    expect(isInitialized()).toBe(true);
    expect(await signsWell(two)).toBe(true);
    await two.close();
    expect(isInitialized()).toBe(false);
  });

  test('does not finalise a module that somebody else initialised', async () => {
    meddler.C_Initialize();
    const identity = await open();
    await identity.close();
    expect(isInitialized()).toBe(true);
    meddler.C_Finalize();
  });

  test('leaves alone certificates that are not stored, such as attestations made up by the module', async () => {
    meddler.C_Initialize();
    const attestation = makeLeaf(folder, 'attestation', makeCa(folder, 'maker'), { key: leaf.key });
    const value = certificateDer(attestation.certificate);
    const { subject } = parseX509(value);
    const object = { label: 'attestation', id: '01', subject, value, isTransient: true };
    meddler.C_CreateObject(openSession(), certificateTemplate(object));
    const identity = await open('pkcs11:token=hsm;id=%01?pin-value=1234');
    expect(identity.certificate.der).toEqual(certificateDer(leaf.certificate));
    await identity.close();
    meddler.C_Finalize();
  });

  test('is closed once, after the signatures under way, and does not sign any more', async () => {
    const identity = await open();
    const signatures = [signsWell(identity), signsWell(identity)];
    await Promise.all([identity.close(), identity.close()]);
    expect(await Promise.all(signatures)).toEqual([true, true]);
    const error = await rejectionOf(signsWell(identity));
    expect(error.code).toBe('PKCS11_FAILED');
    expect(error.message).toBe('--certificate: the key was closed');
  });

  test.each([
    ['a wrong PIN', 'pkcs11:token=hsm;object=leaf?pin-value=4321'],
    ['no such token', 'pkcs11:token=none?pin-value=1234'],
    ['no such key', 'pkcs11:token=hsm;object=none?pin-value=1234'],
  ])('%s leaves no session and no module behind', async (_, uri) => {
    await rejectionOf(open(uri));
    expect(isInitialized()).toBe(false);
  });

  test('several at once, opened and closed in any order', async () => {
    const identities = await Promise.all(Array.from({ length: 8 }, () => open()));
    const verdicts = await Promise.all(identities.map((identity) => signsWell(identity)));
    expect(verdicts).toEqual(verdicts.map(() => true));
    await Promise.all(identities.map((identity) => identity.close()));
  });

  test('a signer alone is held and closed the same way', async () => {
    const privateKey = privateKeyAt('pkcs11:token=hsm;object=leaf?pin-value=1234');
    const opened = await openPkcs11Signer({ privateKey }, optionsWith(), personWho());
    closeAllSessions();
    expect(await opened.signer.sign(Buffer.from('message'))).toBeInstanceOf(Uint8Array);
    await opened.close();
  });
});
