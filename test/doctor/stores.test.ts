/** `doctor` with keys in stores of operating systems, over the stand-ins in C: nothing of a store is left open. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as Keychains from '../../src/identity/backends/macos-keychain/open-keychain.ts';
import type * as WindowsStores from '../../src/identity/backends/windows-store/open-windows-store.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { makeStandIn, needsStandIns, type StandIn, type SystemName } from '../support/store-stand-ins.ts';
import { type Case, diagnose, findingsOf, wrongIn } from './diagnose.ts';
import { Lab } from './lab.ts';

const paths = vi.hoisted((): Partial<Record<SystemName, string>> => ({}));

vi.mock('../../src/identity/backends/macos-keychain/open-keychain.ts', async (load) => {
  const { openKeychain } = await load<typeof Keychains>();
  const library = () => paths.keychain ?? '';
  return {
    openKeychain: (source: Parameters<typeof openKeychain>[0]) =>
      openKeychain(source, { foundation: library(), security: library() }),
  };
});

vi.mock('../../src/identity/backends/windows-store/open-windows-store.ts', async (load) => {
  const { openWindowsStore } = await load<typeof WindowsStores>();
  const library = () => paths['windows-store'] ?? '';
  return {
    openWindowsStore: (source: Parameters<typeof openWindowsStore>[0]) =>
      openWindowsStore(source, { crypt32: library(), ncrypt: library(), advapi32: library() }),
  };
});

describe.each([
  ['keychain', 'keychain:?subject='],
  ['windows-store', 'cert:\\CurrentUser\\MY?subject='],
] as const)('a %s', needsStandIns(), (system, uri) => {
  let lab: Lab;
  let store: StandIn;
  const folder = makeFolder();

  beforeAll(async () => {
    const ca = makeCa(folder, 'ca');
    lab = await Lab.open({ anchors: [readFileSync(ca.certificate, 'utf8')] });
    store = await makeStandIn(lab.folder, system);
    paths[system] = store.path;
    const issuer: Issued = makeCa(lab.folder, 'issuer', { issuer: ca });
    store.putIssuer(issuer);
    const leaf = (name: string): Issued => makeLeaf(lab.folder, name, issuer);
    store.put('good', leaf('good'), 'p256');
    store.put('keyless', leaf('keyless'));
  });

  afterEach(() => assert.equal(store.live(), 0, 'something was not given back'));

  afterAll(async () => {
    await lab.close();
    removeFolder(folder);
  });

  function selecting(name: string): Case {
    const { ROLES_ANYWHERE_PRIVATE_KEY: _, ...env } = lab.env({ ROLES_ANYWHERE_CERTIFICATE: `${uri}CN=${name}` });
    return { env };
  }

  test('with certificate, key and issuer: nothing is wrong, and a session comes of it', async () => {
    const report = await diagnose(selecting('good'));
    expect(wrongIn(report)).toEqual([]);
    expect(findingsOf(report, 'store')[0]?.message).toMatch(/^ROLES_ANYWHERE_CERTIFICATE: the store has /);
    expect(findingsOf(report, 'chain')[0]?.message).toContain('sent along: CN=issuer');
    expect(findingsOf(report, 'create-session')[0]?.status).toBe('PASS');
    expect(store.asked()).toBe(0);
  });

  test('without such a certificate', async () => {
    const report = await diagnose(selecting('nobody'));
    expect(wrongIn(report)).toEqual(['store: STORE_NOT_FOUND']);
    expect(findingsOf(report, 'create-session')[0]?.status).toBe('SKIP');
  });

  test('with the certificate alone', async () => {
    expect(wrongIn(await diagnose(selecting('keyless')))).toEqual(['private-key: STORE_NOT_FOUND']);
  });
});
