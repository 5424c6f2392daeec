import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RolesAnywhereError } from '../../../../src/core/errors.ts';
import type { IdentityContext, SecretSource, SigningIdentity } from '../../../../src/identity/identity.ts';
import { openPkcs11Identity } from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import type { Pkcs11Options } from '../../../../src/identity/backends/pkcs11/pkcs11-options.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../../../support/openssl.ts';
import { certificateAt, optionsWith, personWho, signsWell } from '../../../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule, spyModule, type Token } from '../../../support/softhsm.ts';
import { rejectionOf } from '../../../support/thrown.ts';

function open(text: string, options: Partial<Pkcs11Options>, context: IdentityContext): Promise<SigningIdentity> {
  const module = { option: '--pkcs11-lib', path: spyModule };
  return openPkcs11Identity({ certificate: certificateAt(text) }, optionsWith({ module, ...options }), context);
}

function expectSecret(error: RolesAnywhereError, pin: string): void {
  expect(JSON.stringify([error.message, error.hints])).not.toContain(pin);
}

/** Every call goes through OpenSC's spy, which writes down each C_Login: the judge of how often a PIN was sent. */
describe('PINs of a SoftHSM token', needsSoftHsm(), () => {
  let made: string;
  let leaf: Issued;
  let folder: string;
  let token: Token;
  /** Length of the spy's log when the test began. */
  let logged: number;

  beforeAll(() => {
    made = makeFolder();
    leaf = makeLeaf(made, 'leaf', makeCa(made, 'root'));
    process.env['PKCS11SPY'] = softHsmModule;
    process.env['PKCS11SPY_OUTPUT'] = join(made, 'spy.log');
  });

  beforeEach(() => {
    folder = makeFolder();
    token = makeSoftHsm(folder).makeToken('hsm');
    token.addKey(leaf.key, { label: 'leaf', id: '01' });
    token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
    logged = readLog().length;
  });

  afterEach(() => removeFolder(folder));
  afterAll(() => removeFolder(made));

  const uri = 'pkcs11:token=hsm;object=leaf';

  function readLog(): string {
    const log = join(made, 'spy.log');
    return existsSync(log) ? readFileSync(log, 'latin1') : '';
  }

  /** Kind of user and result of each C_Login since the test began. */
  function logins(): string[] {
    return readLog()
      .slice(logged)
      .split(/^(?=\d+: C_)/m)
      .filter((call) => /^\d+: C_Login\n/.test(call))
      .map((call) => `${/userType = (\w+)/.exec(call)?.[1]} ${/^Returned: +\d+ (\w+)/m.exec(call)?.[1]}`);
  }

  describe('come from', () => {
    test('the URI, as a value', async () => {
      const identity = await open(`${uri}?pin-value=1234`, {}, personWho());
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
      expect(logins()).toEqual(['CKU_USER CKR_OK']);
    });

    test.each(['file:', ''])('a file that the URI names with %j, whose line break does not count', async (scheme) => {
      const path = join(folder, 'pin');
      writeFileSync(path, '1234\n', { mode: 0o600 });
      const identity = await open(`${uri}?pin-source=${scheme}${path}`, {}, personWho());
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
    });

    test('an option: value, file or descriptor', async () => {
      const path = join(folder, 'pin');
      writeFileSync(path, '1234\n', { mode: 0o600 });
      const fd = openSync(path, 'r');
      const sources: readonly SecretSource[] = [
        { option: 'ROLES_ANYWHERE_PKCS11_PIN', kind: 'value', value: '1234' },
        { option: '--pkcs11-pin-file', kind: 'file', path },
        { option: '--pkcs11-pin-fd', kind: 'fd', fd },
      ];
      for (const pin of sources) {
        const identity = await open(uri, { pin }, personWho());
        expect(await signsWell(identity)).toBe(true);
        await identity.close();
      }
      closeSync(fd);
    });

    test('nowhere if the variable is empty', async () => {
      const pin: SecretSource = { option: 'ROLES_ANYWHERE_PKCS11_PIN', kind: 'value', value: '' };
      expect((await rejectionOf(open(uri, { pin }, personWho()))).code).toBe('PIN_MISSING');
      expect(logins()).toEqual([]);
    });

    test('not from a file that holds nothing', async () => {
      const path = join(folder, 'empty-pin');
      writeFileSync(path, '\n');
      const pin: SecretSource = { option: '--pkcs11-pin-file', kind: 'file', path };
      const error = await rejectionOf(open(uri, { pin }, personWho()));
      expect(error.code).toBe('PASSWORD_UNREADABLE');
      expect(error.message).toBe(`--pkcs11-pin-file: ${path} holds no PIN, and none is empty`);
      expect(logins()).toEqual([]);
    });

    test('the URI before the option', async () => {
      const pin: SecretSource = { option: '--pkcs11-pin', kind: 'value', value: '9999' };
      const identity = await open(`${uri}?pin-value=1234`, { pin }, personWho());
      await identity.close();
      expect(logins()).toEqual(['CKU_USER CKR_OK']);
    });

    test('the person at the terminal', async () => {
      const person = personWho('1234');
      const identity = await open(uri, {}, person);
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
      expect(person.questions).toEqual([`PIN of token "hsm" (serial ${token.serial})`]);
    });

    test('a file that is not there: the option is named', async () => {
      const error = await rejectionOf(open(`${uri}?pin-source=${folder}/nope`, {}, personWho()));
      expect(error.code).toBe('PASSWORD_UNREADABLE');
      expect(error.message).toBe(`pin-source of --certificate: ${folder}/nope does not exist`);
    });

    test('nowhere: it is told how to give one', async () => {
      const person = personWho();
      const error = await rejectionOf(open(uri, {}, person));
      expect(error.code).toBe('PIN_MISSING');
      expect(error.message).toBe(`token "hsm" (serial ${token.serial}) wants a PIN, and none was given`);
      expect(error.hints[0]).toContain('?pin-source=file:');
      expect(logins()).toEqual([]);
      const { askSecret: _, ...nobody } = person;
      expect((await rejectionOf(open(uri, {}, nobody))).code).toBe('PIN_MISSING');
    });
  });

  describe('that are wrong', () => {
    test('are sent once, and not again by the next identity of this process', async () => {
      const wrong = `${uri}?pin-value=mistyped`;
      const error = await rejectionOf(open(wrong, {}, personWho('1234')));
      expect(error.code).toBe('PIN_WRONG');
      expect(error.message).toBe(`pin-value of --certificate: token "hsm" (serial ${token.serial}) refused the PIN`);
      expect(error.hints).toEqual([
        'it was sent once, and this process does not send it again',
        'the token says that few tries are left',
      ]);
      expectSecret(error, 'mistyped');
      expect(logins()).toEqual(['CKU_USER CKR_PIN_INCORRECT']);
      expect(token.flags()).toContain('count low');

      expect((await rejectionOf(open(wrong, {}, personWho()))).code).toBe('PIN_WRONG');
      expect((await rejectionOf(open(uri, {}, personWho('mistyped', 'mistyped')))).code).toBe('PIN_WRONG');
      expect(logins()).toEqual(['CKU_USER CKR_PIN_INCORRECT']);
    });

    test('are asked for again once, then no more', async () => {
      const person = personWho('first-slip', 'second-slip', '1234');
      const error = await rejectionOf(open(uri, {}, person));
      expect(error.code).toBe('PIN_WRONG');
      expect(error.message).toBe(`token "hsm" (serial ${token.serial}) refused the PIN 2 times`);
      expect(person.questions).toHaveLength(2);
      expect(logins()).toEqual(['CKU_USER CKR_PIN_INCORRECT', 'CKU_USER CKR_PIN_INCORRECT']);
      expectSecret(error, 'first-slip');
      expectSecret(error, 'second-slip');
    });

    test('are sent once where a person types the same one twice', async () => {
      const error = await rejectionOf(open(uri, {}, personWho('8003', '8003')));
      expect(error.code).toBe('PIN_WRONG');
      expect(logins()).toEqual(['CKU_USER CKR_PIN_INCORRECT']);
    });

    test('are forgiven where the second one is right', async () => {
      const identity = await open(uri, {}, personWho('8004', '1234'));
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
      expect(logins()).toEqual(['CKU_USER CKR_PIN_INCORRECT', 'CKU_USER CKR_OK']);
    });

    test('of a wrong length too', async () => {
      const error = await rejectionOf(open(`${uri}?pin-value=1`, {}, personWho()));
      expect(error.code).toBe('PIN_WRONG');
      expect(logins()).toHaveLength(1);
    });
  });

  describe('for each signature (CKA_ALWAYS_AUTHENTICATE)', () => {
    const careful = 'pkcs11:token=hsm;object=careful';
    const context = 'CKU_CONTEXT_SPECIFIC CKR_OK';

    beforeEach(() => {
      token.addKey(leaf.key, { label: 'careful', id: '02' }, { alwaysAuthenticate: true });
      token.addCertificate(leaf.certificate, { label: 'careful', id: '02' });
    });

    test('are asked for each time', async () => {
      const person = personWho('1234', '1234', '1234');
      const identity = await open(careful, {}, person);
      expect(await signsWell(identity)).toBe(true);
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
      expect(logins()).toEqual(['CKU_USER CKR_OK', context, context]);
      const name = `PIN of token "hsm" (serial ${token.serial})`;
      expect(person.questions).toEqual([name, `${name} for this signature`, `${name} for this signature`]);
    });

    test('are the PIN of the login where that may be reused', async () => {
      const person = personWho();
      const identity = await open(`${careful}?pin-value=1234`, { reusePin: true }, person);
      expect(await signsWell(identity)).toBe(true);
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
      expect(logins()).toEqual(['CKU_USER CKR_OK', context, context]);
      expect(person.questions).toEqual([]);
    });

    test('are the typed PIN where that may be reused', async () => {
      const person = personWho('1234');
      const identity = await open(careful, { reusePin: true }, person);
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
      expect(person.questions).toHaveLength(1);
    });

    test('are missing where nobody is there and the PIN may not be reused', async () => {
      const identity = await open(`${careful}?pin-value=1234`, {}, personWho());
      const error = await rejectionOf(signsWell(identity));
      await identity.close();
      expect(error.code).toBe('PIN_MISSING');
      expect(error.hints).toEqual(['--reuse-pin sends the PIN of the token before each signature']);
      expect(logins()).toEqual(['CKU_USER CKR_OK']);
    });

    test('that are wrong are asked for again once; the session still signs afterwards', async () => {
      const person = personWho('7001', '7002', '7003', '1234');
      const identity = await open(`${careful}?pin-value=1234`, {}, person);
      const error = await rejectionOf(signsWell(identity));
      expect(error.code).toBe('PIN_WRONG');
      expect(await signsWell(identity)).toBe(true);
      await identity.close();
      const refused = 'CKU_CONTEXT_SPECIFIC CKR_PIN_INCORRECT';
      expect(logins()).toEqual(['CKU_USER CKR_OK', refused, refused, refused, context]);
    });
  });
});
