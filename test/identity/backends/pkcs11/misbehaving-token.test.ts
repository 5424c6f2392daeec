import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { CryptokiError, type CryptokiSlot, tokenFlags } from '../../../../src/identity/backends/pkcs11/cryptoki.ts';
import {
  listPkcs11Certificates,
  openPkcs11Signer,
  type Pkcs11Signer,
} from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import { parsePkcs11Uri } from '../../../../src/identity/pkcs11-uri.ts';
import { makeFolder, makeKey, removeFolder } from '../../../support/openssl.ts';
import { optionsWith, personWho, privateKeyAt, type WatchedContext } from '../../../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm } from '../../../support/softhsm.ts';
import { rejectionOf } from '../../../support/thrown.ts';

/** What SoftHSM cannot do: count tries, lock, ask for the PIN itself, fail. The rest is the real SoftHSM. */
const behaviour = vi.hoisted(() => ({
  flags: 0,
  clearedFlags: 0,
  flagsAfterLogin: undefined as number | undefined,
  loginResult: undefined as string | undefined,
  signResult: undefined as string | undefined,
  missingMechanisms: [] as number[],
  usesOfClosedSessions: 0,
  names: {} as { readonly label?: string; readonly serial?: string },
  brokenToken: undefined as string | undefined,
  pinAtPad: undefined as string | undefined,
  pins: [] as string[],
  signed: [] as { readonly mechanism: number; readonly input: string }[],
}));

vi.mock(import('../../../../src/identity/backends/pkcs11/load-module.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    loadModule: async (path: string) => {
      const module = await original.loadModule(path);
      return { ...module, slots: async () => (await module.slots()).map(misbehaving) };
    },
  };
});

function misbehaving(slot: CryptokiSlot): CryptokiSlot {
  return {
    ...slot,
    token: async () => {
      const info = await slot.token();
      const flags = (info.flags | behaviour.flags) & ~behaviour.clearedFlags;
      return { ...info, ...behaviour.names, flags };
    },
    open: async () => {
      const { label } = await slot.token();
      if (behaviour.brokenToken === label) throw new CryptokiError('CKR_DEVICE_ERROR', undefined);
      const session = await slot.open();
      let mechanism = 0;
      let isClosed = false;
      return {
        ...session,
        close: async () => {
          isClosed = true;
          await session.close();
        },
        isLoggedIn: async () => {
          if (isClosed) behaviour.usesOfClosedSessions += 1;
          return session.isLoggedIn();
        },
        login: async (kind, pin) => {
          behaviour.pins.push(pin);
          behaviour.flags = behaviour.flagsAfterLogin ?? behaviour.flags;
          if (behaviour.loginResult !== undefined) throw new CryptokiError(behaviour.loginResult, undefined);
          await session.login(kind, pin === '' ? (behaviour.pinAtPad ?? '') : pin);
        },
        startSigning: async (key, wanted) => {
          if (behaviour.missingMechanisms.includes(wanted)) throw new CryptokiError('CKR_MECHANISM_INVALID', undefined);
          mechanism = wanted;
          await session.startSigning(key, wanted === 0x1044 ? 0x1041 : wanted);
        },
        sign: async (data) => {
          behaviour.signed.push({ mechanism, input: Buffer.from(data).toString('latin1') });
          if (behaviour.signResult !== undefined) {
            await session.giveUpSigning();
            throw new CryptokiError(behaviour.signResult, undefined);
          }
          return session.sign(data.subarray(0, 32));
        },
      };
    },
  };
}

function open(uri: string, person: WatchedContext = personWho()): Promise<Pkcs11Signer> {
  return openPkcs11Signer({ privateKey: privateKeyAt(uri) }, optionsWith(), person);
}

describe('a token that', needsSoftHsm(), () => {
  let folder: string;

  beforeAll(() => {
    folder = makeFolder();
    const hsm = makeSoftHsm(folder);
    hsm.makeToken('other');
    const token = hsm.makeToken('hsm');
    for (const [label, id, alwaysAuthenticate] of [
      ['leaf', '01', false],
      ['careful', '02', true],
    ] as const) {
      const key = makeKey(folder, label);
      token.addKey(key, { label, id }, { alwaysAuthenticate });
      token.addPublicKey(key, { label, id });
    }
  });

  afterAll(() => removeFolder(folder));

  beforeEach(() => {
    Object.assign(behaviour, {
      flags: 0,
      clearedFlags: 0,
      flagsAfterLogin: undefined,
      loginResult: undefined,
      signResult: undefined,
      missingMechanisms: [],
      usesOfClosedSessions: 0,
      names: {},
      brokenToken: undefined,
      pinAtPad: undefined,
      pins: [],
      signed: [],
    });
  });

  test('is locked gets no PIN', async () => {
    behaviour.flags = tokenFlags.pinLocked;
    const error = await rejectionOf(open('pkcs11:token=hsm;object=leaf?pin-value=1234'));
    expect(error.code).toBe('PIN_LOCKED');
    expect(error.message).toMatch(/^the PIN of token "hsm" \(serial \w+\) is locked after too many wrong ones$/);
    expect(error.hints[0]).toContain('unlock it with its PUK');
    expect(behaviour.pins).toEqual([]);
  });

  test('locks itself without a flag says so by its answer', async () => {
    behaviour.loginResult = 'CKR_PIN_LOCKED';
    const error = await rejectionOf(open('pkcs11:token=hsm;object=leaf?pin-value=1234'));
    expect(error.code).toBe('PIN_LOCKED');
    expect(behaviour.pins).toEqual(['1234']);
  });

  test('has one try left does not lose it to a PIN that nobody types', async () => {
    behaviour.flags = tokenFlags.pinFinalTry;
    const error = await rejectionOf(open('pkcs11:token=hsm;object=leaf?pin-value=1234'));
    expect(error.code).toBe('PIN_WRONG');
    expect(error.message).toMatch(
      /^pin-value of --private-key: token "hsm" .* has one try left before it locks, which is not spent without a person$/,
    );
    expect(behaviour.pins).toEqual([]);
  });

  test('has one try left gives it to a person, who is told', async () => {
    behaviour.flags = tokenFlags.pinFinalTry;
    const person = personWho('1234');
    const opened = await open('pkcs11:token=hsm;object=leaf', person);
    await opened.close();
    expect(person.questions).toEqual([expect.stringMatching(/, the last try before it locks$/)]);
  });

  test.each([
    [tokenFlags.pinFinalTry, 'one more wrong PIN locks the token'],
    [tokenFlags.pinLocked, 'the token is locked now: unlock it with its PUK or security officer PIN'],
    [tokenFlags.pinCountLow, 'the token says that few tries are left'],
  ])('shows flag %d after a wrong PIN: the person is told', async (flag, hint) => {
    behaviour.loginResult = 'CKR_PIN_INCORRECT';
    behaviour.flagsAfterLogin = flag;
    const error = await rejectionOf(open(`pkcs11:token=hsm;object=leaf?pin-value=wrong${flag}`));
    expect(error.code).toBe('PIN_WRONG');
    expect(error.hints).toContain(hint);
  });

  test('locks itself after the first typed PIN is not tried again', async () => {
    behaviour.loginResult = 'CKR_PIN_INCORRECT';
    behaviour.flagsAfterLogin = tokenFlags.pinLocked;
    const person = personWho('5001', '5002');
    const error = await rejectionOf(open('pkcs11:token=hsm;object=leaf', person));
    expect(error.code).toBe('PIN_LOCKED');
    expect(behaviour.pins).toEqual(['5001']);
    expect(person.questions).toHaveLength(1);
  });

  test('has a PIN pad asks for the PIN itself', async () => {
    behaviour.flags = tokenFlags.protectedAuthenticationPath;
    behaviour.pinAtPad = '1234';
    const person = personWho();
    const opened = await open('pkcs11:token=hsm;object=careful', person);
    expect(await opened.signer.sign(Buffer.from('message'))).toBeInstanceOf(Uint8Array);
    await opened.close();
    expect(behaviour.pins).toEqual(['', '']);
    expect(person.questions).toEqual([]);
  });

  test('is broken is left out of the list where there are others, and told', async () => {
    behaviour.brokenToken = 'other';
    const person = personWho();
    expect(await listPkcs11Certificates(privateKeyAt('pkcs11:'), optionsWith(), person)).toEqual([]);
    expect(person.warnings).toEqual([
      expect.stringMatching(
        /^reading the certificates of token "other" \(serial \w+\) failed with CKR_DEVICE_ERROR: the token or its reader failed$/,
      ),
    ]);
  });

  test('is broken and the only one is an error', async () => {
    behaviour.brokenToken = 'other';
    const error = await rejectionOf(
      listPkcs11Certificates(privateKeyAt('pkcs11:token=other'), optionsWith(), personWho()),
    );
    expect(error.code).toBe('PKCS11_FAILED');
    expect(error.message).toBe(
      '--private-key: listing the certificates failed with CKR_DEVICE_ERROR: the token or its reader failed',
    );
  });

  test('cannot be told from another one is named by its slot', async () => {
    behaviour.names = { label: 'twin', serial: '1' };
    const error = await rejectionOf(open('pkcs11:token=twin'));
    expect(error.code).toBe('PKCS11_AMBIGUOUS');
    const uris = error.hints.map((hint) => parsePkcs11Uri(hint.slice('write '.length), 'hint'));
    expect(uris.length).toBeGreaterThan(1);
    expect(new Set(uris.map(({ slotId }) => slotId)).size).toBe(uris.length);
    expect(uris[0]).toMatchObject({ token: 'twin', serial: '1' });
  });

  test('takes no more than the order of the curve gets a longer hash cut', async () => {
    const opened = await open('pkcs11:token=hsm;object=leaf?pin-value=1234');
    await opened.signer.sign(Buffer.from('message'), 'SHA-512');
    await opened.close();
    const hash = createHash('sha512').update('message').digest();
    expect(behaviour.signed).toEqual([{ mechanism: 0x1041, input: hash.subarray(0, 32).toString('latin1') }]);
  });

  test('wants no login gets no PIN', async () => {
    behaviour.clearedFlags = tokenFlags.loginRequired;
    const person = personWho('1234');
    // SoftHSM does want one, and so shows no key.
    expect((await rejectionOf(open('pkcs11:token=hsm;object=leaf', person))).code).toBe('PKCS11_NOT_FOUND');
    expect([behaviour.pins, person.questions]).toEqual([[], []]);
  });

  test('says that the user is logged in already is taken at its word', async () => {
    behaviour.loginResult = 'CKR_USER_ALREADY_LOGGED_IN';
    expect((await rejectionOf(open('pkcs11:token=hsm;object=leaf?pin-value=1234'))).code).toBe('PKCS11_NOT_FOUND');
    expect(behaviour.pins).toEqual(['1234']);
  });

  test.each([
    ['CKR_USER_PIN_NOT_INITIALIZED', 'no user PIN was set on the token'],
    ['CKR_PIN_EXPIRED', 'the PIN has expired and must be changed'],
    ['CKR_DEVICE_ERROR', 'the token or its reader failed'],
  ])('answers the login with %s: it is explained', async (result, meaning) => {
    behaviour.loginResult = result;
    const error = await rejectionOf(open('pkcs11:token=hsm;object=leaf?pin-value=1234'));
    expect(error.code).toBe('PKCS11_FAILED');
    expect(error.message).toMatch(
      new RegExp(`^logging in to token "hsm" \\(serial \\w+\\) failed with ${result}: ${meaning}$`),
    );
  });

  test('fails to sign: it is explained, after one more try with a new session', async () => {
    const opened = await open('pkcs11:token=hsm;object=leaf?pin-value=1234');
    behaviour.signResult = 'CKR_DEVICE_ERROR';
    const error = await rejectionOf(opened.signer.sign(Buffer.from('message')));
    expect(error.code).toBe('PKCS11_FAILED');
    expect(error.message).toMatch(
      /^--private-key: signing with token "hsm" \(serial \w+\) failed with CKR_DEVICE_ERROR: the token or its reader failed$/,
    );
    expect(behaviour.signed).toHaveLength(2);
    await opened.close();
  });

  test('fails to sign and to open again is left alone until the next signature, with a new session', async () => {
    const opened = await open('pkcs11:token=hsm;object=leaf?pin-value=1234');
    Object.assign(behaviour, { signResult: 'CKR_DEVICE_REMOVED', brokenToken: 'hsm' });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error = await rejectionOf(opened.signer.sign(Buffer.from('message')));
      expect(error.message).toMatch(/failed with CKR_DEVICE_ERROR/);
    }
    Object.assign(behaviour, { signResult: undefined, brokenToken: undefined });
    expect(await opened.signer.sign(Buffer.from('message'))).toBeInstanceOf(Uint8Array);
    await opened.close();
    expect(behaviour.usesOfClosedSessions).toBe(0);
  });

  test('waited in vain for a touch is not asked again', async () => {
    const opened = await open('pkcs11:token=hsm;object=leaf?pin-value=1234');
    behaviour.signResult = 'CKR_FUNCTION_CANCELED';
    const error = await rejectionOf(opened.signer.sign(Buffer.from('message')));
    expect(error.message).toContain('the token waited in vain for a touch');
    expect(behaviour.signed).toHaveLength(1);
    await opened.close();
  });

  test('has CKM_ECDSA_SHA256 only gets the message itself', async () => {
    behaviour.missingMechanisms = [0x1041];
    const opened = await open('pkcs11:token=hsm;object=leaf?pin-value=1234');
    await opened.signer.sign(Buffer.from('a message that is longer than any hash of it would be'));
    await opened.close();
    expect(behaviour.signed).toEqual([
      { mechanism: 0x1044, input: 'a message that is longer than any hash of it would be' },
    ]);
  });
});
