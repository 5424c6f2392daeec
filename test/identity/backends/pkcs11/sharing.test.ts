import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { koffiPackage } from '../../../support/cryptoki-binding.ts';
import { openPkcs11Signer, type Pkcs11Signer } from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import { verifySignature } from '../../../../src/identity/x509/verify-signature.ts';
import { root } from '../../../support/command.ts';
import { makeFolder, makeKey, removeFolder } from '../../../support/openssl.ts';
import { optionsWith, personWho, privateKeyAt } from '../../../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule } from '../../../support/softhsm.ts';

/** Another process, or another thread of this one, works with the token that is held open here. */
describe('a token that is held open', needsSoftHsm(), () => {
  let folder: string;
  let program: string;

  beforeAll(async () => {
    folder = makeFolder();
    const token = makeSoftHsm(folder).makeToken('hsm');
    const key = makeKey(folder, 'leaf');
    token.addKey(key, { label: 'leaf', id: '01' });
    token.addPublicKey(key, { label: 'leaf', id: '01' });
    mkdirSync(join(folder, 'node_modules', '@koromix'), { recursive: true });
    symlinkSync(join(root, 'node_modules', koffiPackage), join(folder, 'node_modules', koffiPackage));
    program = join(folder, 'signs.cjs');
    const source = join(root, 'src', 'identity', 'backends', 'pkcs11', 'open-pkcs11.ts');
    const uri = `{ modulePath: ${JSON.stringify(softHsmModule)}, token: 'hsm', pin: { option: 'PIN', kind: 'value', value: '1234' } }`;
    await build({
      stdin: {
        contents: `import { parentPort } from 'node:worker_threads';
          import { openPkcs11Signer } from ${JSON.stringify(source)};
          const tell = (word) => (parentPort === null ? process.send(word) : parentPort.postMessage(word));
          const next = () => new Promise((settle) => (parentPort ?? process).once('message', settle));
          (async () => {
            const key = { option: '--private-key', uri: ${uri} };
            const options = { reusePin: false, useLatestExpiring: false };
            const opened = await openPkcs11Signer({ privateKey: key }, options, { now: () => new Date(), warn() {} });
            for (let round = 0; round < 2; round += 1) {
              for (let count = 0; count < 5; count += 1) await opened.signer.sign(Buffer.from('message'));
              tell('signed');
              await next();
            }
            await opened.close();
            tell('closed');
          })().catch((error) => tell(String(error)));`,
        resolveDir: root,
      },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    });
  });

  afterAll(() => removeFolder(folder));

  const open = (): Promise<Pkcs11Signer> =>
    openPkcs11Signer({ privateKey: privateKeyAt('pkcs11:token=hsm?pin-value=1234') }, optionsWith(), personWho());

  async function signsWell({ signer, publicKeyInfo }: Pkcs11Signer): Promise<boolean> {
    const message = Buffer.from('message');
    return verifySignature(publicKeyInfo, { message, signature: await signer.sign(message) });
  }

  test('a child process has it open, too', async () => {
    const here = await open();
    expect(await signsWell(here)).toBe(true);
    const child = fork(program, { stdio: 'ignore' });
    const exit = once(child, 'exit');
    for (const word of ['signed', 'signed', 'closed']) {
      expect(await once(child, 'message')).toEqual([word, undefined]);
      expect(await signsWell(here)).toBe(true);
      if (word === 'signed') child.send('go on');
    }
    expect(await exit).toEqual([0, null]);
    expect(await signsWell(here)).toBe(true);
    await here.close();
  });

  test('another thread has it open, too, and goes on when this one has closed and finalised it', async () => {
    const here = await open();
    expect(await signsWell(here)).toBe(true);
    const worker = new Worker(program);
    expect(await once(worker, 'message')).toEqual(['signed']);
    expect(await signsWell(here)).toBe(true);
    await here.close();
    worker.postMessage('go on', []);
    expect(await once(worker, 'message')).toEqual(['signed']);
    worker.postMessage('go on', []);
    expect(await once(worker, 'message')).toEqual(['closed']);
    await worker.terminate();
    const again = await open();
    expect(await signsWell(again)).toBe(true);
    await again.close();
  });
});
