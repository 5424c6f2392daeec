import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../../src/core/errors.ts';
import { openTpmSigner, type TpmKeySource } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import { commandCodes, refusal, startTpmProxy, type TpmProxy } from '../../../support/tpm-proxy.ts';
import { at, verified, given, message, signOnce } from './judge.ts';
import { makeParent, opensslKey, persist, signAttributes, toolKey, toolKeyFile } from './keys.ts';

const owner = 0x4000_0001;
const secret = 'correct horse battery';

describe('passwords of a TPM', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));
  let locked: TpmKeySource;

  beforeAll(async () => {
    locked = await opensslKey(tpm, join(folder, 'locked.pem'), 'EC', ['group:P-256', `user-auth:${secret}`]);
  });

  beforeEach(async () => {
    await tpm.tool('tpm2_dictionarylockout', '--clear-lockout');
  });

  async function failures(): Promise<number> {
    const list = (await tpm.tool('tpm2_getcap', 'properties-variable')).toString();
    return Number(/TPM2_PT_LOCKOUT_COUNTER: (\S+)/.exec(list)?.[1]);
  }

  test('a wrong one is refused once, told, and never sent again', async () => {
    const key = await openTpmSigner(locked, at(tpm, { keyPassword: given('wrong one') }), {});
    const expected = {
      code: 'TPM_PASSWORD_WRONG',
      message: `--private-key: ${join(folder, 'locked.pem')}: the TPM refused the password of the key, given by --tpm-key-password`,
      hints: ['the TPM counted it: 2 more wrong ones lock it for a time'],
    };
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(key.signer.sign(message)).rejects.toMatchObject(expected);
    }
    await key.close();
    expect(await failures()).toBe(1);
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('none at all for a key that has one, by flag and by a file that says so', async () => {
    await expect(signOnce(folder, locked, at(tpm, { noKeyPassword: true }))).rejects.toMatchObject({
      code: 'TPM_PASSWORD_WRONG',
      message: `--private-key: ${join(folder, 'locked.pem')}: the key has a password, and none was given`,
    });
    await toolKey(tpm, folder, 'inverted', { type: 'ecc256', password: secret });
    const inverted = toolKeyFile(folder, 'inverted', { parent: owner, emptyAuth: true });
    await expect(signOnce(folder, inverted, at(tpm))).rejects.toMatchObject({
      code: 'TPM_PASSWORD_WRONG',
      hints: expect.arrayContaining([
        'the key file says that there is none; tpm2_encodeobject of tpm2-tools 5.4 writes that the wrong way round',
      ]),
    });
    expect(await signOnce(folder, inverted, at(tpm, { keyPassword: given(secret) }))).toBe('Verified OK');
  });

  test('a key without a password signs where it is said so, and the file does not', async () => {
    await toolKey(tpm, folder, 'open', { type: 'ecc256' });
    const source = toolKeyFile(folder, 'open', { parent: owner });
    expect(await signOnce(folder, source, at(tpm, { noKeyPassword: true }))).toBe('Verified OK');
    await expect(openTpmSigner(source, at(tpm), {})).rejects.toMatchObject({
      code: 'PASSWORD_MISSING',
      message: '--private-key: key.pem: the key may have a password, and none was given',
    });
  });

  test('from a file, with a line break at its end', async () => {
    const path = join(folder, 'password');
    writeFileSync(path, `${secret}\n`);
    expect(
      await signOnce(
        folder,
        locked,
        at(tpm, { keyPassword: { kind: 'file', path, option: '--tpm-key-password-file' } }),
      ),
    ).toBe('Verified OK');
  });

  test('asked for, and asked for once more', async () => {
    const questions: string[] = [];
    const answers = ['mistyped', secret];
    const askSecret = async (question: string): Promise<string | undefined> => {
      questions.push(question);
      return answers.shift();
    };
    const key = await openTpmSigner(locked, at(tpm), { askSecret });
    expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
    expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
    await key.close();
    const question = `password of the key (--private-key: ${join(folder, 'locked.pem')})`;
    expect(questions).toEqual([question, `${question} again, for it was refused`]);
    expect(await failures()).toBe(1);
  });

  test('asked for twice at the most', async () => {
    let count = 0;
    const askSecret = async (): Promise<string> => `wrong ${(count += 1)}`;
    const key = await openTpmSigner(locked, at(tpm), { askSecret });
    await expect(key.signer.sign(message)).rejects.toMatchObject({ code: 'TPM_PASSWORD_WRONG' });
    await expect(key.signer.sign(message)).rejects.toMatchObject({ code: 'TPM_PASSWORD_WRONG' });
    await key.close();
    expect({ count, failures: await failures() }).toEqual({ count: 2, failures: 2 });
  });

  test('a typed one is not asked for again where one more failure would lock the TPM', async () => {
    await expect(signOnce(folder, locked, at(tpm, { keyPassword: given('wrong') }))).rejects.toThrow('refused');
    let count = 0;
    const askSecret = async (): Promise<string> => `wrong ${(count += 1)}`;
    const key = await openTpmSigner(locked, at(tpm), { askSecret });
    await expect(key.signer.sign(message)).rejects.toMatchObject({ code: 'TPM_PASSWORD_WRONG' });
    await key.close();
    expect({ count, failures: await failures() }).toEqual({ count: 1, failures: 2 });
  });

  test('a person who gives up', async () => {
    await expect(openTpmSigner(locked, at(tpm), { askSecret: async () => undefined })).rejects.toMatchObject({
      code: 'PASSWORD_MISSING',
    });
    expect(await failures()).toBe(0);
  });

  test('a locked TPM is explained, and takes the right password once it is unlocked', async () => {
    const hints: unknown[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const failure = await signOnce(folder, locked, at(tpm, { keyPassword: given('wrong') })).catch(
        (error: unknown) => error,
      );
      if (failure instanceof RolesAnywhereError) hints.push(...failure.hints);
    }
    expect(hints).toEqual([
      'the TPM counted it: 2 more wrong ones lock it for a time',
      'the TPM counted it: 1 more wrong ones lock it for a time',
      'the TPM counted it and is locked now: tpm2_dictionarylockout --clear-lockout unlocks it',
    ]);
    const key = await openTpmSigner(locked, at(tpm, { keyPassword: given(secret) }), {});
    await expect(key.signer.sign(message)).rejects.toMatchObject({
      code: 'TPM_LOCKED_OUT',
      message: `swtpm at ${join(folder, 'tpm.sock')} is locked: too many wrong passwords were given`,
      hints: [
        'tpm2_dictionarylockout --clear-lockout unlocks it, with --auth where a lockout password is set; or wait: it forgives one wrong password every 1000 s',
      ],
    });
    expect(await tpm.leftovers()).toEqual([]);
    await tpm.tool('tpm2_dictionarylockout', '--clear-lockout');
    expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
    await key.close();
  });

  test('a wrong one for a key with noDA is not counted', async () => {
    await toolKey(tpm, folder, 'noda', { type: 'ecc256', password: secret, attributes: `${signAttributes}|noda` });
    const source = toolKeyFile(folder, 'noda', { parent: owner });
    await expect(signOnce(folder, source, at(tpm, { keyPassword: given('wrong') }))).rejects.toMatchObject({
      code: 'TPM_PASSWORD_WRONG',
      hints: [],
    });
    expect(await failures()).toBe(0);
  });

  test('a wrong one of the parent', async () => {
    const context = await makeParent(tpm, folder, 'guarded', '-p', 'parent secret');
    await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', context, '0x8100000b');
    await toolKey(tpm, folder, 'below', { type: 'ecc256', parent: '0x8100000b', parentPassword: 'parent secret' });
    const source = toolKeyFile(folder, 'below', { parent: 0x8100_000b, emptyAuth: true });
    const parentPassword = given('not the parent', '--tpm-parent-password');
    await expect(signOnce(folder, source, at(tpm, { parentPassword }))).rejects.toMatchObject({
      code: 'TPM_PASSWORD_WRONG',
      message:
        '--private-key: key.pem: the TPM refused the password of the parent of the key, given by --tpm-parent-password',
    });
    expect(
      await signOnce(folder, source, at(tpm, { parentPassword: given('parent secret', '--tpm-parent-password') })),
    ).toBe('Verified OK');
    expect(await tpm.leftovers()).toEqual([]);
  });

  describe('on the way to the TPM', () => {
    let proxy: TpmProxy | undefined;

    afterEach(async () => {
      await proxy?.stop();
      proxy = undefined;
    });

    test('neither password nor digest is to be seen', async () => {
      const parent = await toolKey(tpm, folder, 'seen', { type: 'rsa2048', password: secret });
      const sources = [locked, await persist(tpm, folder, 'seen', parent, 0x8101_0020)];
      const digest = createHash('sha256').update(message).digest();
      for (const source of sources) {
        proxy = await startTpmProxy(tpm.address);
        expect(await signOnce(folder, source, at(proxy, { keyPassword: given(secret) }))).toBe('Verified OK');
        expect(proxy.codes()).toContain(commandCodes.sign);
        expect(proxy.traffic().includes(secret)).toBe(false);
        expect(proxy.traffic().includes(digest)).toBe(false);
        await proxy.stop();
      }
    });

    test('sessions of a key at a handle are salted to the storage key, or bound to the key', async () => {
      const nullHandle = 0x4000_0007;
      const parent = await toolKey(tpm, folder, 'bound', { type: 'ecc256', password: secret });
      const source = await persist(tpm, folder, 'bound', parent, 0x8101_0021);
      const sessions: string[] = [];
      proxy = await startTpmProxy(tpm.address, ({ bytes, code, forward }) => {
        if (code === commandCodes.startAuthSession) {
          const [salt, bind] = [bytes.readUInt32BE(10), bytes.readUInt32BE(14)];
          sessions.push(
            `${salt === nullHandle ? 'no salt' : salt.toString(16)}, ${bind === nullHandle ? 'no bind' : bind.toString(16)}`,
          );
        }
        return forward();
      });
      expect(await signOnce(folder, source, at(proxy, { keyPassword: given(secret) }))).toBe('Verified OK');
      await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', await makeParent(tpm, folder, 'root'), '0x81000001');
      expect(await signOnce(folder, source, at(proxy, { keyPassword: given(secret) }))).toBe('Verified OK');
      await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', '0x81000001');
      expect(sessions).toEqual(['no salt, 81010021', '81000001, no bind']);
    });

    test.each([
      ['XOR, where the TPM has no AES', [0x0006], false],
      ['nothing, where it has neither', [0x0006, 0x000a], true],
    ])('parameters are encrypted by %s', async (_, hidden, isDigestSeen) => {
      proxy = await startTpmProxy(tpm.address, async ({ bytes, code, forward }) => {
        const answer = await forward();
        const isAlgorithms = code === commandCodes.getCapability && bytes.readUInt32BE(10) === 0;
        if (!isAlgorithms) return answer;
        // moreData, TPM_CAP, count, then TPM_ALG_ID and TPMA_ALGORITHM each: the hidden ones become TPM_ALG_ERROR.
        for (let offset = 19; offset < answer.length; offset += 6) {
          if (hidden.includes(answer.readUInt16BE(offset))) answer.writeUInt16BE(0, offset);
        }
        return answer;
      });
      expect(await signOnce(folder, locked, at(proxy, { keyPassword: given(secret) }))).toBe('Verified OK');
      const digest = createHash('sha256').update(message).digest();
      expect(proxy.traffic().includes(digest)).toBe(isDigestSeen);
      expect(proxy.traffic().includes(secret)).toBe(false);
      expect(await tpm.leftovers()).toEqual([]);
    });

    test('without sessions the password goes as it is, and that is told', async () => {
      proxy = await startTpmProxy(tpm.address, ({ code, forward }) =>
        code === commandCodes.startAuthSession ? Promise.resolve(refusal(0x143)) : forward(),
      );
      const told: string[] = [];
      expect(
        await signOnce(folder, locked, at(proxy, { keyPassword: given(secret), debug: (text) => told.push(text) })),
      ).toBe('Verified OK');
      expect(proxy.traffic().includes(secret)).toBe(true);
      expect(told[0]).toMatch(
        /^swtpm at 127\.0\.0\.1:\d+: no HMAC session \(TPM_RC_COMMAND_CODE\): passwords go to the TPM as they are$/,
      );
      expect(await tpm.leftovers()).toEqual([]);
    });

    test.each([commandCodes.createPrimary, commandCodes.load, commandCodes.sign])(
      'an answer to 0x%s that was changed is not believed',
      async (tampered) => {
        proxy = await startTpmProxy(tpm.address, async ({ code, forward }) => {
          const answer = await forward();
          // The last byte but the session's area of 2 + 32 + 1 + 2 + 32 bytes: the end of the parameters.
          const offset = answer.length - 70;
          if (code === tampered) answer.writeUInt8(answer.readUInt8(offset) ^ 1, offset);
          return answer;
        });
        await expect(signOnce(folder, locked, at(proxy, { keyPassword: given(secret) }))).rejects.toMatchObject({
          code: 'TPM_FAILED',
          message: expect.stringMatching(
            /the answer to TPM2_\w+ has a wrong HMAC: it was not made by this TPM, or was changed on the way$/,
          ),
        });
        expect(await tpm.leftovers()).toEqual([]);
      },
    );
  });
});
