import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FunctionType, FunctionTypes, NativeArgument, NativeFunction, NativeResult } from '../../src/ffi/ffi.ts';
import type * as FindFfi from '../../src/ffi/find-ffi.ts';
import { openKeychain } from '../../src/identity/backends/macos-keychain/open-keychain.ts';
import { loadModule } from '../../src/identity/backends/pkcs11/load-module.ts';
import type { SystemStore } from '../../src/identity/backends/system-store/system-store.ts';
import { openWindowsStore } from '../../src/identity/backends/windows-store/open-windows-store.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule } from '../support/softhsm.ts';
import { makeStandIn, needsStandIns, type StandIn } from '../support/store-stand-ins.ts';

/** Calls that no thread takes, as where memory has run out: the function itself is not called then. */
const calls = vi.hoisted(() => ({ areTaken: true, given: [] as unknown[] }));

vi.mock('../../src/ffi/find-ffi.ts', async (load) => {
  const { findFfi } = await load<typeof FindFfi>();
  const ffi = await findFfi('long');
  if ('missing' in ffi) return { findFfi };
  const wrapped = (call: NativeFunction): NativeFunction => {
    const async: NativeFunction['async'] = (...given) => {
      calls.given = [...given];
      return calls.areTaken ? call.async(...given) : Promise.reject(new Error('no thread'));
    };
    const here: (...given: readonly NativeArgument[]) => NativeResult = (...given) => call(...given);
    return Object.assign(here, { async });
  };
  const open = (path: string, functions: FunctionTypes) =>
    Object.fromEntries(Object.entries(ffi.open(path, functions)).map(([name, call]) => [name, wrapped(call)]));
  const functionAt = (address: bigint, type: FunctionType) => wrapped(ffi.functionAt(address, type));
  return { findFfi: async () => ({ ...ffi, open, functionAt }) };
});

/** @returns what the work says when no thread takes its call */
async function untaken(work: () => Promise<unknown>): Promise<unknown> {
  calls.areTaken = false;
  try {
    return await work().catch((error: unknown) => (error instanceof Error ? error.message : error));
  } finally {
    calls.areTaken = true;
  }
}

let folder: string;
beforeAll(() => void (folder = makeFolder()));
afterAll(() => removeFolder(folder));

test('PINs and messages are wiped also where a call is not taken', needsSoftHsm(), async () => {
  makeSoftHsm(folder).makeToken('hsm', '1234');
  const module = await loadModule(softHsmModule);
  await module.initialize();
  const [slot] = await module.slots();
  const session = await slot?.open();
  const bytes = (): unknown[] =>
    calls.given.filter((one) => one instanceof Uint8Array).map((one) => Buffer.from(one).toString('hex'));
  expect(await untaken(async () => session?.login('user', '1234'))).toBe('no thread');
  expect(bytes()).toEqual(['00000000']);
  expect(await untaken(async () => session?.sign(Buffer.from('message')))).toBe('no thread');
  expect(bytes()[0]).toBe('00'.repeat('message'.length));
  await session?.close();
  await module.finalize();
});

describe('what a store gives is given back also where', needsStandIns(), () => {
  let keychain: StandIn;
  let windows: StandIn;

  beforeAll(async () => {
    const leaf = makeLeaf(folder, 'leaf', makeCa(folder, 'ca'), { keyType: 'rsa:2048' });
    keychain = await makeStandIn(folder, 'keychain');
    windows = await makeStandIn(folder, 'windows-store');
    keychain.put('leaf', leaf, 'rsa');
    windows.put('leaf', leaf, 'rsa', { legacy: '' });
  });

  afterEach(() => assert.deepEqual([keychain.live(), windows.live()], [0, 0]));

  const openMac = (): Promise<SystemStore> => {
    if (keychain.source.kind !== 'keychain') throw new TypeError('another store');
    return openKeychain(keychain.source, { foundation: keychain.path, security: keychain.path });
  };
  const openWindows = (): Promise<SystemStore> => {
    if (windows.source.kind !== 'windows-store') throw new TypeError('another store');
    const { path } = windows;
    return openWindowsStore(windows.source, { crypt32: path, ncrypt: path, advapi32: path });
  };

  test.each([
    ['a keychain', openMac],
    ['a store of Windows', openWindows],
  ])('%s cannot be read', async (_name, open) => {
    expect(await untaken(open)).toBe('no thread');
  });

  test('issuers cannot be looked for', async () => {
    const store = await openMac();
    const [one] = store.certificates;
    expect(await untaken(async () => one && store.issuersOf(one))).toBe('no thread');
    store.close();
  });

  test.each([
    ['a keychain', openMac],
    ['a store of Windows, of an older provider', openWindows],
  ])('the key of %s does not sign', async (_name, open) => {
    const store = await open();
    const [one] = store.certificates;
    if (one === undefined) throw new TypeError('there is none');
    const key = await store.openKey(one, { mayAsk: false, place: 'the store', family: 'RSA' });
    expect(await untaken(() => key.signer.sign(Buffer.from('message')))).toBe('no thread');
    key.close();
    store.close();
  });
});
