import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../../src/core/errors.ts';
import { openSigner } from '../../../../src/identity/open-identity.ts';
import { verifySignature } from '../../../../src/identity/x509/verify-signature.ts';
import { cryptokiResults } from '../../../support/cryptoki-results.ts';
import {
  type CryptokiFunction,
  cryptokiFunctions,
  faultAt,
  makeShim,
  needsShim,
  withFault,
} from '../../../support/cryptoki-shim.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../../../support/openssl.ts';
import { personWho } from '../../../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm, type SoftHsm } from '../../../support/softhsm.ts';

const skip = needsSoftHsm().skip || needsShim().skip;
const message = Buffer.from('message');
const keyTypes = ['p256', 'rsa2048'] as const;
const pin = '482910';

const results = Object.entries(cryptokiResults).map(([name, code]) => ({ name, value: `0x${code.toString(16)}` }));
const pinResults: ReadonlySet<string> = new Set(['CKR_PIN_INCORRECT', 'CKR_PIN_INVALID', 'CKR_PIN_LEN_RANGE']);

/** Session, token or module are gone: nobody asks on. */
const gone = [
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
];

/** A person, the login or the device is at fault, and not the mechanism. */
const notTheMechanism = [
  ...gone,
  'CKR_CANCEL',
  'CKR_DEVICE_ERROR',
  'CKR_FUNCTION_CANCELED',
  'CKR_FUNCTION_REJECTED',
  'CKR_USER_NOT_LOGGED_IN',
];

describe('a module that returns any CKR_… from any function', { skip, timeout: 300_000 }, () => {
  let folder: string;
  let shim: string;
  let softHsm: SoftHsm;
  const certificates = new Map<string, string>();

  beforeAll(() => {
    folder = makeFolder();
    shim = makeShim(folder);
    softHsm = makeSoftHsm(folder);
    const token = softHsm.makeToken('hsm', pin);
    const ca = makeCa(folder, 'ca');
    for (const [index, label] of keyTypes.entries()) {
      const leaf = makeLeaf(folder, label, ca, { keyType: label === 'p256' ? 'p256' : 'rsa:2048' });
      const names = { label, id: `0${index + 1}` };
      token.addKey(leaf.key, names);
      token.addPublicKey(leaf.key, names);
      certificates.set(label, leaf.certificate);
    }
  });

  afterAll(() => removeFolder(folder));

  /** Whether a right signature came out; else the error. Anything else fails the test. */
  async function outcome(label: string, token = 'hsm'): Promise<'signed' | RolesAnywhereError> {
    try {
      if (await isSignedWell(label, token)) return 'signed';
    } catch (error) {
      if (error instanceof RolesAnywhereError) return error;
      throw error;
    }
    throw new Error('a wrong signature came out');
  }

  async function isSignedWell(label: string, token: string): Promise<boolean> {
    const key = await openSigner(
      {
        certificate: { option: '--certificate', kind: 'file', path: certificates.get(label) ?? '' },
        privateKey: { option: '--private-key', kind: 'pkcs11', uri: `pkcs11:token=${token};object=${label}` },
        pkcs11: {
          module: { option: '--pkcs11-lib', text: shim },
          pin: { option: '--pkcs11-pin', kind: 'value', value: pin },
        },
      },
      personWho(),
    );
    try {
      const signature = await key.signer.sign(message);
      return await verifySignature(key.publicKeyInfo ?? new Uint8Array(), { message, signature });
    } finally {
      await key.close();
    }
  }

  /** Says what failed, in the words of this package, and no secret. */
  function expectClear(error: RolesAnywhereError): void {
    expect(error.code).toMatch(/^(?:PKCS11_\w+|PIN_\w+|KEY_MISMATCH|KEY_UNSUPPORTED|SIGNATURE_INVALID)$/);
    expect(error.message).toMatch(/token|module|signature|--private-key/);
    const told = [error.message, ...error.hints].join('\n');
    expect(told).not.toContain(pin);
    expect(told).not.toMatch(/undefined|\[object|koffi|\.cc/);
  }

  /** The results among `names` for which no signature came out. */
  async function failing(
    label: (typeof keyTypes)[number],
    fault: (value: string) => Record<string, string>,
  ): Promise<string[]> {
    const failed: string[] = [];
    for (const { name, value } of results) {
      const found = await withFault(fault(value), () => outcome(label));
      if (found === 'signed') continue;
      expectClear(found);
      failed.push(name);
    }
    expect(await outcome(label)).toBe('signed');
    return failed;
  }

  /** What is not needed for a signature may fail as it likes. */
  const needless: readonly CryptokiFunction[] = ['C_Finalize', 'C_GetInfo', 'C_GetSlotInfo', 'C_CloseSession'];

  const needed = cryptokiFunctions.filter((name) => !needless.includes(name) && name !== 'C_Login');

  test.each(needed)('%s each time: a clear error or a right signature', async (name) => {
    expect(await failing('p256', (value) => faultAt(name, value))).not.toEqual([]);
  });

  /** What is tried again. */
  const repeated = [
    'C_Initialize',
    'C_GetSlotList',
    'C_OpenSession',
    'C_GetSessionInfo',
    'C_SignInit',
    'C_Sign',
  ] as const;

  test.each(repeated)('%s once: the same, and the next signature is right', async (name) => {
    expect(await failing('p256', (value) => faultAt(name, `${value}*1`))).toBeInstanceOf(Array);
  });

  test('C_Login: a clear error, and the PIN is named as wrong only where it is', async () => {
    for (const { name, value } of results) {
      // A PIN that a token refused is not sent to it again: each of these gets a token of its own.
      const token = pinResults.has(name) ? name.toLowerCase() : 'hsm';
      if (token !== 'hsm') softHsm.makeToken(token, pin);
      const found = await withFault(faultAt('C_Login', value), () => outcome('p256', token));
      if (found !== 'signed') expectClear(found);
      expect(found === 'signed' ? '' : found.code).toBe(codeOfLogin(name));
    }
    expect(await outcome('p256')).toBe('signed');
  });

  test('C_Sign that says CKR_OK and signs nothing: no signature', async () => {
    for (const label of keyTypes) {
      const found = await withFault(faultAt('C_Sign', '0x0'), () => outcome(label));
      expect(found).toMatchObject({ code: expect.stringMatching(/^(?:SIGNATURE_INVALID|PKCS11_FAILED)$/) });
    }
  });

  /** SoftHSM has no such mechanism for ECDSA. */
  describe('RSA by CKM_SHA256_RSA_PKCS', () => {
    test('whatever C_SignInit answers to CKM_RSA_PKCS', async () => {
      expect(await failing('rsa2048', (value) => faultAt('C_SignInit', `${value}@0x1`))).toEqual([]);
    });

    test('whatever C_Sign answers to it, unless something else is at fault', async () => {
      const failed = await failing('rsa2048', (value) => faultAt('C_Sign', `${value}@0x1`));
      expect(failed.sort()).toEqual([...notTheMechanism].sort());
    });

    test.each([
      ['C_SignInit', '0x68'],
      ['C_Sign', '0x68'],
    ] as const)('what %s answered at first is told', async (name, value) => {
      const found = await withFault(faultAt(name, value), () => outcome('rsa2048'));
      expect(found).toMatchObject({
        code: 'PKCS11_FAILED',
        message: expect.stringMatching(/failed with CKR_KEY_FUNCTION_NOT_PERMITTED: the key may not sign$/),
      });
    });
  });

  test.each([
    ['CKA_EC_POINT', '0x181'],
    ['CKA_ID', '0x102'],
    ['CKA_LABEL', '0x3'],
    ['CKA_SIGN', '0x108'],
    ['CKA_ALWAYS_AUTHENTICATE', '0x202'],
    ['CKA_KEY_TYPE', '0x100'],
  ])('%s that cannot be read is no reason to fail, unless the token is gone', async (_name, attribute) => {
    const failed = await failing('p256', (value) => faultAt('C_GetAttributeValue', `${value}@${attribute}`));
    expect(failed.filter((name) => !gone.includes(name))).toEqual([]);
  });

  describe('C_Initialize', () => {
    test('without locking, whatever the module answers to CKF_OS_LOCKING_OK', async () => {
      const failed = await failing('p256', (value) => faultAt('C_Initialize', `${value}@0x2`));
      expect(failed).toEqual(['CKR_CRYPTOKI_ALREADY_INITIALIZED']);
    });

    test('says why the first attempt failed', async () => {
      const found = await withFault(faultAt('C_Initialize', '0xa'), () => outcome('p256'));
      expect(found).toMatchObject({
        code: 'PKCS11_MODULE',
        message: expect.stringMatching(
          /cannot start: C_Initialize failed with CKR_CANT_LOCK: the module cannot be used/,
        ),
        hints: ['check the configuration of the module'],
      });
    });

    test('a module that cannot lock signs for several at once', async () => {
      const outcomes = await withFault({ ...faultAt('C_Initialize', '0xa@0x2'), SHIM_ALONE: '1' }, () =>
        Promise.all([...keyTypes, ...keyTypes, ...keyTypes].map((label) => outcome(label))),
      );
      expect(new Set(outcomes)).toEqual(new Set(['signed']));
    });
  });

  /** Last, for they leave sessions open and the module initialised. */
  test.each(needless)('%s, which is not needed: a right signature', async (name) => {
    expect(await failing('p256', (value) => faultAt(name, value))).toEqual([]);
  });
});

function codeOfLogin(result: string): string {
  if (result === 'CKR_USER_ALREADY_LOGGED_IN') return 'PKCS11_NOT_FOUND';
  if (result === 'CKR_PIN_LOCKED') return 'PIN_LOCKED';
  return pinResults.has(result) ? 'PIN_WRONG' : 'PKCS11_FAILED';
}
