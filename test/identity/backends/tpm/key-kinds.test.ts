import { describe, expect, test } from 'vitest';
import { openTpmSigner } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import { at, message, signOnce } from './judge.ts';
import { persist, signAttributes, toolKey, toolKeyFile } from './keys.ts';

const owner = 0x4000_0001;
const path = '--private-key: key.pem';

describe('keys of a TPM that cannot sign for Roles Anywhere', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));

  test.each([
    [
      'no sign attribute',
      'rsa2048',
      signAttributes.replace('|sign', '|decrypt'),
      'has no sign attribute: it was made to decrypt',
    ],
    [
      'a storage key',
      'ecc256:null:aes128cfb',
      'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt',
      'has no sign attribute: it was made to decrypt',
    ],
    [
      'a restricted key',
      'ecc256:ecdsa-sha256:null',
      `${signAttributes}|restricted`,
      'is restricted: it signs only what the TPM itself made',
    ],
    [
      'RSAPSS',
      'rsa2048:rsapss-sha256:null',
      signAttributes,
      'takes only the scheme RSAPSS, and Roles Anywhere only RSASSA',
    ],
    ['ECDAA', 'ecc256:ecdaa4-sha256', signAttributes, 'takes only the scheme ECDAA, and Roles Anywhere only ECDSA'],
    [
      'ECSCHNORR',
      'ecc256:ecschnorr-sha256',
      signAttributes,
      'takes only the scheme ECSCHNORR, and Roles Anywhere only ECDSA',
    ],
    ['RSA 1024', 'rsa1024', signAttributes, 'is an RSA key of 1024 bits'],
    ['P-224', 'ecc224', signAttributes, 'is an EC key on P-224, which is not supported'],
    ['an HMAC key', 'hmac', signAttributes, 'is no RSA or EC key, but of type KEYEDHASH'],
    [
      'an AES key',
      'aes128',
      'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|decrypt',
      'is no RSA or EC key, but of type SYMCIPHER',
    ],
  ])('%s', async (_, type, attributes, reason) => {
    const parent = await toolKey(tpm, folder, 'unfit', { type, attributes });
    const file = toolKeyFile(folder, 'unfit', { parent: owner, emptyAuth: true });
    await expect(openTpmSigner(file, at(tpm), {})).rejects.toMatchObject({
      code: 'TPM_KEY_UNSUPPORTED',
      message: `${path} ${reason}`,
    });
    const handle = await persist(tpm, folder, 'unfit', parent, 0x8101_0040);
    await expect(openTpmSigner(handle, at(tpm, { noKeyPassword: true }), {})).rejects.toMatchObject({
      code: 'TPM_KEY_UNSUPPORTED',
      message: expect.stringMatching(/^--private-key: TPM handle 0x81010040/),
    });
    expect(await tpm.leftovers()).toEqual([]);
    await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', '0x81010040');
  });

  test.each([
    ['rsa2048:rsassa-sha256', 'SHA-384', 'takes only RSASSA with SHA256, and SHA-384 is asked for'],
    ['ecc256:ecdsa-sha384', 'SHA-256', 'takes only ECDSA with SHA384, and SHA-256 is asked for'],
    ['rsa2048:rsassa-sha1', 'SHA-256', 'takes only RSASSA with SHA1, and SHA-256 is asked for'],
  ] as const)('%s for %s', async (type, digest, reason) => {
    await toolKey(tpm, folder, 'fixed', { type });
    const key = await openTpmSigner(toolKeyFile(folder, 'fixed', { parent: owner, emptyAuth: true }), at(tpm), {});
    await expect(key.signer.sign(message, digest)).rejects.toMatchObject({
      code: 'TPM_KEY_UNSUPPORTED',
      message: `${path} ${reason}`,
      hints: ['CreateSession is signed with SHA-256; make a key without a scheme, or with sha256'],
    });
    await key.close();
  });

  test('a fixed hash that is the one asked for', async () => {
    await toolKey(tpm, folder, 'fixed', { type: 'ecc384:ecdsa-sha384' });
    expect(
      await signOnce(folder, toolKeyFile(folder, 'fixed', { parent: owner, emptyAuth: true }), at(tpm), 'SHA-384'),
    ).toBe('Verified OK');
  });

  test.each([0x8000_0000, 0x0100_0000, 0x4000_0009, 0])('a parent that is none: %s', async (parent) => {
    await toolKey(tpm, folder, 'orphan', { type: 'ecc256' });
    await expect(openTpmSigner(toolKeyFile(folder, 'orphan', { parent }), at(tpm), {})).rejects.toMatchObject({
      code: 'TPM_KEY_INVALID',
      message: expect.stringMatching(/^--private-key: key\.pem names the parent 0x[0-9a-f]{8}, which is neither/),
    });
  });

  test('a parent that this TPM does not have', async () => {
    await toolKey(tpm, folder, 'lost', { type: 'ecc256' });
    const file = toolKeyFile(folder, 'lost', { parent: 0x8100_0077, emptyAuth: true });
    await expect(signOnce(folder, file, at(tpm))).rejects.toMatchObject({
      code: 'TPM_KEY_INVALID',
      message: `${path}: there is no such handle in this TPM`,
    });
  });

  test('sealed data', async () => {
    await toolKey(tpm, folder, 'sealed', { type: 'ecc256' });
    const sealed = toolKeyFile(folder, 'sealed', { parent: owner, type: '06066781050a0105' });
    await expect(openTpmSigner(sealed, at(tpm), {})).rejects.toMatchObject({
      code: 'TPM_KEY_UNSUPPORTED',
      message: `${path} holds sealed data, not a key`,
    });
  });

  test('a disabled hierarchy', async () => {
    await toolKey(tpm, folder, 'disabled', { type: 'ecc256' });
    const file = toolKeyFile(folder, 'disabled', { parent: 0x4000_000c, emptyAuth: true });
    await tpm.tool('tpm2_hierarchycontrol', '-C', 'p', 'phEnable', 'clear');
    await expect(signOnce(folder, file, at(tpm))).rejects.toMatchObject({
      code: 'TPM_KEY_INVALID',
      message: `${path}: the hierarchy of the key is disabled in this TPM`,
    });
    await tpm.reset();
    expect(await tpm.leftovers()).toEqual([]);
  });
});
