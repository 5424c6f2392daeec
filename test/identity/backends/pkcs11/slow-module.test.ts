import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  listPkcs11Certificates,
  openPkcs11Signer,
  type Pkcs11Signer,
} from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import { loadModule } from '../../../../src/identity/backends/pkcs11/load-module.ts';
import { cryptokiFunctions, faultAt, makeShim, needsShim, withFault } from '../../../support/cryptoki-shim.ts';
import { calledAtGate } from '../../../support/gate.ts';
import { makeFolder, makeKey, removeFolder } from '../../../support/openssl.ts';
import { certificateAt, optionsWith, personWho, privateKeyAt } from '../../../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule, spyModule } from '../../../support/softhsm.ts';
import { rejectionOf } from '../../../support/thrown.ts';

/** The module then gets no other call while one is under way, or the test fails. */
const cannotLock = { ...faultAt('C_Initialize', '0xa@0x2'), SHIM_ALONE: '1' };

const skip = needsSoftHsm().skip || needsShim().skip;

describe('a module', { skip }, () => {
  let folder: string;
  let shim: string;

  beforeAll(() => {
    folder = makeFolder();
    shim = makeShim(folder);
    const softHsm = makeSoftHsm(folder);
    for (const label of ['hsm', 'guarded']) {
      const token = softHsm.makeToken(label);
      const key = makeKey(folder, label);
      token.addKey(key, { label: 'leaf', id: '01' });
      token.addPublicKey(key, { label: 'leaf', id: '01' });
    }
  });

  afterAll(() => removeFolder(folder));

  const open = (uri: string, path: string): Promise<Pkcs11Signer> =>
    openPkcs11Signer(
      { privateKey: privateKeyAt(uri) },
      optionsWith({ module: { option: '--pkcs11-lib', path } }),
      personWho(),
    );

  test.each([
    ['of all tokens', {}],
    ['of one that cannot be used by several threads, which is called once at a time', cannotLock],
  ])('that takes its time over any call, %s, lets everything else go on', async (_what, more) => {
    const uri = `pkcs11:token=hsm;library-manufacturer=SoftHSM;slot-manufacturer=SoftHSM%20project?pin-value=1234`;
    const openAndSign = async (): Promise<void> => {
      const opened = await Promise.all([open(uri, shim), open(uri, shim)]);
      await Promise.all(opened.map(({ signer }) => signer.sign(Buffer.from('message'))));
      await Promise.all(opened.map((one) => one.close()));
    };
    const called = await withFault(more, () => calledAtGate(join(folder, 'gate'), openAndSign));
    expect(called).toEqual([...cryptokiFunctions].sort());
  });

  test('that cannot be used by several threads is started anew once the calls of before have come back', async () => {
    const module = await loadModule(shim);
    await withFault(cannotLock, async () => {
      await module.initialize();
      const restart = (): Promise<unknown> => Promise.all([module.describe(), module.finalize(), module.initialize()]);
      expect(await calledAtGate(join(folder, 'gate'), restart)).toEqual(['C_Finalize', 'C_GetInfo', 'C_Initialize']);
      await module.finalize();
    });
  });

  test('is sent a wrong PIN once, also by two who log in at the same time', async () => {
    const log = join(folder, 'spy.log');
    Object.assign(process.env, { PKCS11SPY: softHsmModule, PKCS11SPY_OUTPUT: log });
    const wrong = (): Promise<unknown> => rejectionOf(open('pkcs11:token=guarded?pin-value=4321', spyModule));
    expect(await Promise.all([wrong(), wrong()])).toMatchObject([{ code: 'PIN_WRONG' }, { code: 'PIN_WRONG' }]);
    expect(readFileSync(log, 'latin1').match(/CKR_PIN_INCORRECT/g)).toHaveLength(1);
  });

  /** Runs in a process of its own, in which the module is loaded anew. */
  test.each([
    ['claims more slots than there can be: no list is asked for', { SHIM_SLOTS: '10000' }, 'CKR_GENERAL_ERROR'],
    ['lacks a function: it is not called', { SHIM_NULL: '5' }, 'CKR_FUNCTION_NOT_SUPPORTED'],
    ['gives no functions', { SHIM_MODULE: '/not/there.so' }, 'C_GetFunctionList gives no functions (0x5)'],
  ])('that %s', (_what, env, words) => {
    const library = (path: string): string => JSON.stringify(join(import.meta.dirname, '../../../../dist/lib', path));
    const program = `
      import { listPkcs11Certificates } from ${library('identity/backends/pkcs11/open-pkcs11.js')};
      const options = { reusePin: false, useLatestExpiring: false, module: { option: 'M', path: ${JSON.stringify(shim)} } };
      const context = { now: () => new Date(), warn: () => undefined };
      const certificate = { option: '--certificate', uri: { token: 'hsm', slotDescription: 'none' } };
      await listPkcs11Certificates(certificate, options, context).catch(({ code, message }) => console.log(code, message));`;
    const args = ['--input-type=module', '--eval', program];
    const printed = execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
    expect(printed).toMatch(/^PKCS11_/);
    expect(printed).toContain(words);
  });

  test('that has all functions is asked in the same way', async () => {
    const found = listPkcs11Certificates(
      certificateAt('pkcs11:token=hsm'),
      optionsWith({ module: { option: '--pkcs11-lib', path: shim } }),
      personWho(),
    );
    expect(await found).toEqual([]);
  });
});
