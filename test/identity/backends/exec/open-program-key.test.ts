import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolesAnywhereError } from '../../../../src/core/errors.ts';
import { openIdentity, openSigner } from '../../../../src/identity/open-identity.ts';
import { SignerProgram } from '../../../../src/identity/backends/exec/signer-program.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, openssl, removeFolder } from '../../../support/openssl.ts';
import { opensslJudge } from '../../../support/openssl-judge.ts';
import { signerContract } from '../../../contract/signer.contract.ts';
import { file, recordingContext } from '../../given.ts';

const program = resolve(import.meta.dirname, '../../../support/signer-program.mjs');
const message = Buffer.from('message');

let folder: string;
let ec: Issued;
let rsa: Issued;
beforeAll(() => {
  folder = makeFolder();
  const ca = makeCa(folder, 'ca');
  ec = makeLeaf(folder, 'ec', ca, { keyType: 'p384' });
  rsa = makeLeaf(folder, 'rsa', ca, { keyType: 'rsa:2048' });
});
afterAll(() => removeFolder(folder));

const signedBy = (...command: readonly string[]) => ({ option: '--signer', kind: 'exec', command }) as const;

function open(leaf: Issued, mode: string, more: readonly string[] = []) {
  const told: string[] = [];
  const context = {
    ...recordingContext(),
    environment: { MODE: mode },
    debug: (line: string) => void told.push(line),
  };
  const privateKey = signedBy(process.execPath, program, leaf.key, ...more);
  return { identity: openIdentity({ certificate: file(leaf.certificate), privateKey }, context), told };
}

const failure = (work: Promise<unknown>): Promise<RolesAnywhereError> =>
  work.then(
    () => expect.unreachable('it worked'),
    (error: RolesAnywhereError) => error,
  );

for (const [name, algorithm, signatureBytes] of [
  ['ec', 'ECDSA', 104],
  ['rsa', 'RSA', 256],
] as const) {
  signerContract(`${name} by a program`, async () => {
    const leaf = name === 'ec' ? ec : rsa;
    const { signer } = await open(leaf, 'sound').identity;
    const publicKeyInfo = openssl(['pkey', '-in', leaf.key, '-pubout', '-outform', 'DER']);
    return { signer, algorithm, signatureBytes, verify: opensslJudge(folder, publicKeyInfo) };
  });
}

test('the program is started once, is told to end, and what it writes to stderr is for who looks for a fault', async () => {
  const started = join(folder, 'started');
  const { identity, told } = open(ec, 'sound', [started]);
  const opened = await identity;
  const { signer } = opened;
  await Promise.all(Array.from({ length: 5 }, () => signer.sign(message)));
  expect(readFileSync(started, 'utf8')).toBe('started\n');
  expect(told).toEqual([`the signer ${process.execPath} says: ready to sign`]);
  await opened.close();
  expect(await failure(signer.sign(message))).toMatchObject({ code: 'SIGNER_FAILED' });
});

test('one that ends after each answer is started anew, however soon the next request comes', async () => {
  const started = join(folder, 'thrice');
  const { signer } = await open(ec, 'once', [started]).identity;
  for (let count = 0; count < 3; count += 1) expect(await signer.sign(message)).toBeInstanceOf(Uint8Array);
  expect(readFileSync(started, 'utf8')).toBe('started\n'.repeat(3));
});

describe('what is no signature', () => {
  test.each([
    ['refuses', 'SIGNER_REFUSED', /refused: not \[31m today nor tomorrow$/],
    ['other-id', 'SIGNER_FAILED', /has not the "id" 1 of the request/],
    ['version-2', 'SIGNER_FAILED', /has no "version" 1/],
    ['nothing', 'SIGNER_FAILED', /has neither a "signature"/],
    ['no-base64', 'SIGNER_FAILED', /has neither a "signature"/],
    ['other-message', 'SIGNATURE_INVALID', /does not fit the certificate/],
    ['exits', 'SIGNER_FAILED', /ended without an answer, with status 3/],
    ['endless', 'SIGNER_FAILED', /more than one line/],
    ['two-lines', 'SIGNER_FAILED', /more than one line/],
    ['text', 'SIGNER_FAILED', /is no JSON object/],
  ])('%s', async (mode, code, words) => {
    const { signer } = await open(ec, mode).identity;
    const error = await failure(signer.sign(message));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });

  test('silence, which ends by the clock, and with whoever waits', async () => {
    const context = { ...recordingContext(), environment: { MODE: 'silent' } };
    const command = [process.execPath, program, ec.key];
    expect(await failure(new SignerProgram({ command, context, limit: 300 }).ask('{}'))).toMatchObject({
      code: 'SIGNER_TIMEOUT',
      message: `the signer ${process.execPath} gave no answer within 0.3 s`,
    });
    const controller = new AbortController();
    const called = failure(
      new SignerProgram({ command, context: { ...context, signal: controller.signal } }).ask('{}'),
    );
    controller.abort(new Error('called off'));
    expect((await called).message).toBe('called off');
  });

  test('a program that is not there, or may not be run', async () => {
    for (const [command, words] of [
      [join(folder, 'none'), /is not there/],
      [ec.certificate, /may not be run/],
      [join(ec.certificate, 'signer'), /cannot be run \(ENOTDIR\)/],
    ] as const) {
      const source = { certificate: file(ec.certificate), privateKey: signedBy(command) };
      const { signer } = await openIdentity(source, recordingContext());
      const error = await failure(signer.sign(message));
      expect(error.code).toBe('SIGNER_FAILED');
      expect(error.message).toMatch(words);
    }
  });
});

test('it needs a certificate to know the key, and no shell reads its arguments', async () => {
  const privateKey = signedBy(process.execPath, program, '$(touch x)');
  expect(await failure(openSigner({ privateKey }, recordingContext()))).toMatchObject({ code: 'OPTION_MISSING' });
});
