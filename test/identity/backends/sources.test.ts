import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  cacheLocation,
  givesBytes,
  isSameSource,
  locationOf,
} from '../../../src/identity/backends/sources.ts';
import type { ByteSource, KeySource, KeyStoreSource, SecretSource } from '../../../src/identity/identity.ts';
import { thrownBy } from '../../support/thrown.ts';

const option = '--private-key';
const uri = 'pkcs11:token=hsm;object=leaf?module-path=/lib/hsm.so&pin-value=sesame';

/** One of each kind, with what messages call it; the compiler asks for new ones. */
const byteSources: { readonly [K in ByteSource['kind']]: readonly [ByteSource & { readonly kind: K }, string] } = {
  file: [{ option, kind: 'file', path: 'leaf.key' }, 'leaf.key'],
  env: [{ option, kind: 'env', name: 'LEAF' }, 'environment variable LEAF'],
  fd: [{ option, kind: 'fd', fd: 3 }, 'file descriptor 3'],
  stdin: [{ option, kind: 'stdin' }, 'standard input'],
  credential: [{ option, kind: 'credential', name: 'leaf.pem' }, "systemd's credential leaf.pem"],
  bytes: [{ option, kind: 'bytes', bytes: new Uint8Array(1) }, 'the value given'],
};
const keyStores: {
  readonly [K in KeyStoreSource['kind']]: readonly [KeyStoreSource & { readonly kind: K }, string, object];
} = {
  pkcs11: [
    { option, kind: 'pkcs11', uri },
    'the PKCS#11 URI',
    { kind: 'pkcs11', path: 'pkcs11:token=hsm;object=leaf', module: ['module-path=/lib/hsm.so'] },
  ],
  'tpm-handle': [
    { option, kind: 'tpm-handle', handle: 0x8100_0001 },
    'TPM handle 0x81000001',
    { kind: 'tpm-handle', handle: 0x8100_0001 },
  ],
  exec: [
    { option, kind: 'exec', command: ['/usr/bin/signer', '--pin', 'sesame'] },
    'the signer /usr/bin/signer',
    { kind: 'exec', program: '/usr/bin/signer' },
  ],
  spiffe: [
    { option, kind: 'spiffe' },
    'the X.509-SVID of the Workload API at SPIFFE_ENDPOINT_SOCKET',
    { kind: 'spiffe' },
  ],
  'ssh-agent': [
    { option, kind: 'ssh-agent', socket: '/run/agent' },
    'the ssh-agent at /run/agent',
    { kind: 'ssh-agent', socket: '/run/agent' },
  ],
  'windows-store': [
    { option, kind: 'windows-store', location: 'LocalMachine', store: 'My', subject: 'CN=leaf' },
    String.raw`the store LocalMachine\My`,
    { kind: 'windows-store', location: 'LocalMachine', store: 'My', subject: 'CN=leaf' },
  ],
  keychain: [
    { option, kind: 'keychain', keychain: 'System', issuer: 'CN=ca' },
    'the keychain System',
    { kind: 'keychain', keychain: 'System', issuer: 'CN=ca' },
  ],
};

describe.each(Object.values(byteSources))('$kind', (source, name) => {
  test('is read, and named', () => {
    expect(givesBytes(source)).toBe(true);
    expect(bytesOf(source)).toBe(source);
    expect(locationOf(source)).toBe(`--private-key: ${name}`);
  });
});

describe.each(Object.values(keyStores))('$kind', (source, name, location) => {
  test('gives no bytes, and is named and told apart without secrets', () => {
    expect(givesBytes(source)).toBe(false);
    expect(thrownBy(() => bytesOf(source))).toMatchObject({
      code: 'OPTION_CONFLICT',
      message: '--private-key names a place that does not give out bytes',
    });
    expect(locationOf(source)).toBe(`--private-key: ${name}`);
    expect(cacheLocation(source)).toEqual(location);
  });
});

test('bytes are named as their holder says, a path that is no path and a password are not shown', () => {
  const pem = '-----BEGIN PRIVATE KEY-----';
  const password: SecretSource = { option: '--password', kind: 'value', value: 'sesame' };
  expect(locationOf({ option, kind: 'bytes', bytes: new Uint8Array(1), name: 'the agent' })).toBe(
    '--private-key: the agent',
  );
  expect(locationOf({ option, kind: 'file', path: pem })).not.toContain(pem);
  expect(locationOf(password)).toBe('--password: the password given');
});

describe('the same source', () => {
  const all: readonly KeySource[] = [...Object.values(byteSources), ...Object.values(keyStores)].map(([one]) => one);

  test.each(all)('$kind is itself under any option, and no other', (source) => {
    const copy: KeySource = { ...source, option: '--certificate' };
    // Two callers may hold equal bytes and wipe them at different times.
    expect(isSameSource(source, copy)).toBe(source.kind !== 'bytes');
    expect(isSameSource(source, source)).toBe(true);
    expect(all.filter((other) => isSameSource(source, other))).toEqual([source]);
  });

  test('whatever the order of its members', () => {
    expect(isSameSource({ option, kind: 'fd', fd: 3 }, { fd: 3, kind: 'fd', option: '--certificate' })).toBe(true);
    expect(isSameSource({ option, kind: 'fd', fd: 3 }, { option, kind: 'fd', fd: 4 })).toBe(false);
  });
});
