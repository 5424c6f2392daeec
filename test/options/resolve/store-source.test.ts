import { describe, expect, test } from 'vitest';
import { fromRolesAnywhere } from '../../../src/index.ts';
import { parseKeychain, parseWindowsStore, readStore, storeSource } from '../../../src/options/resolve/store-source.ts';
import { rejectionOf, thrownBy } from '../../support/thrown.ts';

const option = '--cert-selector';
const thumbprint = '0a'.repeat(20);

describe('what is selected', () => {
  const place = { option, store: undefined, keychain: undefined };

  test('is in the stores of the system', () => {
    const selection = { subject: 'CN=leaf' };
    expect(storeSource(selection, place, 'win32')).toEqual({
      option,
      kind: 'windows-store',
      location: 'CurrentUser',
      store: 'MY',
      subject: 'CN=leaf',
    });
    expect(storeSource(selection, { ...place, store: 'LocalMachine\\My' }, 'win32')).toMatchObject({
      location: 'LocalMachine',
      store: 'My',
    });
    expect(storeSource(selection, { ...place, keychain: 'System' }, 'darwin')).toEqual({
      option,
      kind: 'keychain',
      keychain: 'System',
      subject: 'CN=leaf',
    });
  });

  test.each([
    [
      'linux',
      {},
      'STORE_UNAVAILABLE',
      'selects a certificate of a store of Windows or a keychain of macOS, and this is linux',
    ],
    ['win32', { store: '..\\MY' }, 'OPTION_INVALID', 'cannot be looked for in the store "..\\\\MY"'],
  ])('on %s %j is refused', (system, more, code, words) => {
    const error = thrownBy(() => storeSource({}, { ...place, ...more }, system));
    expect([error.code, error.message]).toEqual([code, `${option} ${words}`]);
  });

  test('by a friendly name is not in a keychain', () => {
    expect(thrownBy(() => storeSource({ friendlyName: 'leaf' }, place, 'darwin'))).toMatchObject({
      code: 'OPTION_INVALID',
    });
  });
});

describe('a URI', () => {
  test.each([
    [
      String.raw`cert:\LocalMachine\My\0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A`,
      { location: 'LocalMachine', store: 'My', thumbprint },
    ],
    [`cert:/currentuser/MY?thumbprint=${'0A%20'.repeat(20)}`, { location: 'CurrentUser', store: 'MY', thumbprint }],
    [
      'cert:/CurrentUser/My?subject=CN=leaf&issuer=CN=a%26b&serial=0A&friendly-name=the%20leaf&template-oid=1.2.3&key-usage=clientAuth,1.2.3',
      {
        subject: 'CN=leaf',
        issuer: 'CN=a&b',
        serial: '0A',
        friendlyName: 'the leaf',
        templateOid: '1.2.3',
        keyUsage: 'clientAuth,1.2.3',
      },
    ],
  ])('%s', (text, source) => {
    expect(parseWindowsStore(text, option)).toMatchObject({ option, kind: 'windows-store', ...source });
  });

  test.each([
    ['keychain:', {}],
    ['keychain:?path=login&serial=0A', { keychain: 'login', serial: '0A' }],
  ])('%s', (text, source) => {
    expect(parseKeychain(text, option)).toEqual({ option, kind: 'keychain', ...source });
  });

  test.each(['cert:', 'cert:/Elsewhere/My', 'cert:/CurrentUser/My?color=red', 'keychain:login', 'keychain:?color=red'])(
    '%s is none',
    (text) => {
      expect((text.startsWith('cert') ? parseWindowsStore : parseKeychain)(text, option)).toBeUndefined();
    },
  );

  test('of a serial number that is none', () => {
    expect(thrownBy(() => parseKeychain('keychain:?serial=xyz', option)).message).toBe(
      '--cert-selector: serial must be hexadecimal digits, not "xyz"',
    );
  });
});

describe('the store of a program', () => {
  test('is where its system has one', () => {
    const store = { subject: 'CN=leaf', name: 'LocalMachine\\MY', keychain: undefined };
    expect(readStore(store, '--certificate', 'win32')).toEqual({
      option: '--certificate',
      kind: 'windows-store',
      location: 'LocalMachine',
      store: 'MY',
      subject: 'CN=leaf',
    });
    expect(readStore({ keychain: 'login', serial: '0A' }, '--certificate', 'darwin')).toEqual({
      option: '--certificate',
      kind: 'keychain',
      keychain: 'login',
      serial: '0A',
    });
  });

  test.each([
    [{ subjekt: 'CN=leaf' }, 'OPTION_UNKNOWN', 'unknown option certificate.store.subjekt'],
    [{ serial: 10 }, 'OPTION_INVALID', 'certificate.store.serial must be a string, not a value of type number'],
    [{ serial: 'xyz' }, 'OPTION_INVALID', 'certificate.store.serial must be hexadecimal digits, not "xyz"'],
    ['MY', 'OPTION_INVALID', 'certificate.store must be an object, not a value of type string'],
    [
      { subject: 'CN=leaf' },
      'STORE_UNAVAILABLE',
      'certificate selects a certificate of a store of Windows or a keychain of macOS, and this is linux',
    ],
  ])('%j is refused by the provider', async (store, code, message) => {
    const arn = (resource: string) => `arn:aws:rolesanywhere:eu-west-1:111122223333:${resource}`;
    const provider = fromRolesAnywhere({
      trustAnchorArn: arn('trust-anchor/11111111-2222-3333-4444-555555555555'),
      profileArn: arn('profile/66666666-7777-8888-9999-000000000000'),
      roleArn: 'arn:aws:iam::111122223333:role/OnPrem',
      certificate: { store } as object as { store: { subject: string } },
    });
    expect(await rejectionOf(provider())).toMatchObject({ code, message });
  });
});
