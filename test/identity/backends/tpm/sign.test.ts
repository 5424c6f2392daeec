import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTpmSigner } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { needsTpm, startSwtpm, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import { at, given, message, signOnce } from './judge.ts';
import {
  fileSource,
  handleSource,
  makeParent,
  opensslKey,
  parentAttributes,
  persist,
  toolKey,
  toolKeyFile,
} from './keys.ts';

const owner = 0x4000_0001;

describe('signatures of a TPM', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));

  describe('with key files of tpm2-openssl', () => {
    const kinds = [
      ['RSA 2048', 'RSA', ['bits:2048'], 'RSA'],
      ['RSA 3072', 'RSA', ['bits:3072'], 'RSA'],
      ['P-256', 'EC', ['group:P-256'], 'ECDSA'],
      ['P-384', 'EC', ['group:P-384'], 'ECDSA'],
      ['P-521', 'EC', ['group:P-521'], 'ECDSA'],
    ] as const;

    test.each(kinds)('%s with and without password', async (name, algorithm, options, expected) => {
      const path = join(folder, `${name}.pem`);
      const plain = await opensslKey(tpm, path, algorithm, options);
      const locked = await opensslKey(tpm, path, algorithm, [...options, 'user-auth:secret']);
      const key = await openTpmSigner(plain, at(tpm), {});
      expect(key.signer.algorithm).toBe(expected);
      await key.close();
      expect(await signOnce(folder, plain, at(tpm))).toBe('Verified OK');
      expect(await signOnce(folder, locked, at(tpm, { keyPassword: given('secret') }))).toBe('Verified OK');
      expect(await tpm.leftovers()).toEqual([]);
    });

    test.each(['SHA-384', 'SHA-512'] as const)('any digest: %s', async (digest) => {
      expect(
        await signOnce(folder, await opensslKey(tpm, join(folder, 'any.pem'), 'RSA', ['bits:2048']), at(tpm), digest),
      ).toBe('Verified OK');
      expect(
        await signOnce(folder, await opensslKey(tpm, join(folder, 'any.pem'), 'EC', ['group:P-256']), at(tpm), digest),
      ).toBe('Verified OK');
    });

    test('below a persistent parent, with and without password of the parent', async () => {
      const parent = await makeParent(tpm, folder, 'persistent');
      await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', parent, '0x81000008');
      const key = await opensslKey(tpm, join(folder, 'child.pem'), 'EC', ['group:P-256', 'parent:0x81000008']);
      expect(await signOnce(folder, key, at(tpm))).toBe('Verified OK');
      const locked = await makeParent(tpm, folder, 'locked', '-p', 'parentsecret');
      await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', locked, '0x81000009');
      const options = ['group:P-256', 'parent:0x81000009', 'parent-auth:parentsecret', 'user-auth:secret'];
      const child = await opensslKey(tpm, join(folder, 'child.pem'), 'EC', options);
      const parentPassword = given('parentsecret', '--tpm-parent-password');
      expect(await signOnce(folder, child, at(tpm, { keyPassword: given('secret'), parentPassword }))).toBe(
        'Verified OK',
      );
      expect(await tpm.leftovers()).toEqual([]);
    });
  });

  describe('with keys of tpm2-tools', () => {
    test.each(['rsa2048:rsassa-sha256', 'rsa2048', 'ecc256:ecdsa-sha256', 'ecc384', 'ecc521:ecdsa-sha256'])(
      '%s in a file and at a handle, with and without password',
      async (type) => {
        for (const [password, keyPassword] of [
          [undefined, given('')],
          ['s3cret', given('s3cret')],
        ] as const) {
          const parent = await toolKey(tpm, folder, 'made', { type, ...(password === undefined ? {} : { password }) });
          const file = toolKeyFile(folder, 'made', { parent: owner, emptyAuth: password === undefined });
          expect(await signOnce(folder, file, at(tpm, { keyPassword }))).toBe('Verified OK');
          const persistent = await persist(tpm, folder, 'made', parent, 0x8101_0010);
          expect(await signOnce(folder, persistent, at(tpm, { keyPassword }))).toBe('Verified OK');
          await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', '0x81010010');
        }
        expect(await tpm.leftovers()).toEqual([]);
      },
    );

    test('tpm2_encodeobject writes emptyAuth inverted: a given password is used, whatever the file says', async () => {
      const parent = await makeParent(tpm, folder, 'encode-parent');
      await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', parent, '0x8100000a');
      await toolKey(tpm, folder, 'encoded', { type: 'ecc256', parent: '0x8100000a', password: 'secret' });
      const path = join(folder, 'encoded.pem');
      const parts = ['-u', join(folder, 'encoded.pub'), '-r', join(folder, 'encoded.priv')];
      for (const flags of [[], ['-p']]) {
        await tpm.tool('tpm2_encodeobject', '-C', '0x8100000a', ...parts, ...flags, '-o', path);
        expect(await signOnce(folder, fileSource(path), at(tpm, { keyPassword: given('secret') }))).toBe('Verified OK');
      }
    });

    test('an RSA parent, by handle and as the primary key of its hierarchy', async () => {
      const parent = await makeParent(tpm, folder, 'rsa-parent', '-G', 'rsa2048:null:aes128cfb');
      await toolKey(tpm, folder, 'below-rsa', { type: 'ecc256', parent, password: 'secret' });
      const description = 'a key below an RSA one';
      const file = toolKeyFile(folder, 'below-rsa', { parent: owner, rsaParent: true, description });
      expect(await signOnce(folder, file, at(tpm, { keyPassword: given('secret') }))).toBe('Verified OK');
      const handle = await persist(tpm, folder, 'below-rsa', parent, 0x8101_0011);
      expect(await signOnce(folder, handle, at(tpm, { keyPassword: given('secret') }))).toBe('Verified OK');
      expect(await tpm.leftovers()).toEqual([]);
    });

    test('a hierarchy with a password', async () => {
      const endorsement = 0x4000_000b;
      const context = join(folder, 'endorsed.ctx');
      const type = ['-G', 'ecc256:null:aes128cfb', '-a', parentAttributes];
      await tpm.tool('tpm2_createprimary', '-C', 'e', '-g', 'sha256', ...type, '-c', context);
      await toolKey(tpm, folder, 'endorsed', { type: 'ecc256', parent: context });
      await tpm.tool('tpm2_changeauth', '-c', 'endorsement', 'hierarchysecret');
      const file = toolKeyFile(folder, 'endorsed', { parent: endorsement, emptyAuth: true });
      const hierarchyPassword = given('hierarchysecret', '--tpm-hierarchy-password');
      expect(await signOnce(folder, file, at(tpm, { hierarchyPassword }))).toBe('Verified OK');
      await expect(signOnce(folder, file, at(tpm))).rejects.toMatchObject({
        code: 'TPM_PASSWORD_WRONG',
        message: '--private-key: key.pem: the hierarchy of the key has a password, and none was given',
        hints: ['give it by --tpm-hierarchy-password, --tpm-hierarchy-password-file or --tpm-hierarchy-password-fd'],
      });
      await tpm.tool('tpm2_changeauth', '-c', 'endorsement', '-p', 'hierarchysecret');
      expect(await tpm.leftovers()).toEqual([]);
    });

    test('a name by SHA-384', async () => {
      const parent = await makeParent(tpm, folder, 'sha384-parent');
      const [publicPart, privatePart] = [join(folder, 'sha384.pub'), join(folder, 'sha384.priv')];
      await tpm.tool('tpm2_create', '-C', parent, '-g', 'sha384', '-G', 'ecc384', '-u', publicPart, '-r', privatePart);
      expect(await signOnce(folder, toolKeyFile(folder, 'sha384', { parent: owner, emptyAuth: true }), at(tpm))).toBe(
        'Verified OK',
      );
    });
  });

  test('200 signatures in a row, in a TPM without resource manager', async () => {
    const key = await openTpmSigner(
      await opensslKey(tpm, join(folder, 'row.pem'), 'EC', ['group:P-256', 'user-auth:secret']),
      at(tpm, { keyPassword: given('secret') }),
      {},
    );
    for (let count = 0; count < 200; count += 1) await key.signer.sign(message);
    expect(await tpm.leftovers()).toEqual([]);
    await key.close();
  });

  test('signatures asked for at once are made one after the other', async () => {
    const key = await openTpmSigner(await opensslKey(tpm, join(folder, 'once.pem'), 'RSA', ['bits:2048']), at(tpm), {});
    const signatures = await Promise.all(Array.from({ length: 8 }, () => key.signer.sign(message)));
    // RSASSA-PKCS1-v1_5 is deterministic.
    expect(new Set(signatures.map((signature) => Buffer.from(signature).toString('hex'))).size).toBe(1);
    await key.close();
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('a handle that gets another key in between is refused', async () => {
    const parent = await toolKey(tpm, folder, 'first', { type: 'ecc256' });
    const key = await openTpmSigner(
      await persist(tpm, folder, 'first', parent, 0x8101_0012),
      at(tpm, { noKeyPassword: true }),
      {},
    );
    await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', '0x81010012');
    await persist(tpm, folder, 'second', await toolKey(tpm, folder, 'second', { type: 'ecc256' }), 0x8101_0012);
    await expect(key.signer.sign(message)).rejects.toMatchObject({
      code: 'TPM_KEY_INVALID',
      message: '--private-key: TPM handle 0x81010012 now holds another key',
    });
    await key.close();
  });

  test('an empty handle', async () => {
    await expect(openTpmSigner(handleSource(0x8101_0fff), at(tpm), {})).rejects.toMatchObject({
      code: 'TPM_KEY_INVALID',
      message: '--private-key: TPM handle 0x81010fff: there is no such handle in this TPM',
    });
  });

  test('a key of another TPM', async () => {
    const other = await startSwtpm(folder, 'other');
    try {
      const source = await opensslKey(other, join(folder, 'other.pem'), 'EC', ['group:P-256']);
      await expect(signOnce(folder, source, at(tpm))).rejects.toMatchObject({
        code: 'TPM_KEY_INVALID',
        message: `--private-key: ${join(folder, 'other.pem')}: the key cannot be loaded: it belongs to another parent or to another TPM`,
      });
      expect(await tpm.leftovers()).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test('the public key of a file is known before the TPM is used', async () => {
    const path = join(folder, 'early.pem');
    await opensslKey(tpm, path, 'EC', ['group:P-384']);
    const key = await openTpmSigner(
      fileSource(path),
      { device: { text: '/nonexistent/tpm', option: '--tpm-device' } },
      {},
    );
    const expected = await tpm.openssl('pkey', '-in', path, '-pubout', '-outform', 'DER');
    expect(Buffer.from(key.publicKeyInfo).equals(expected)).toBe(true);
    expect(readFileSync(path, 'utf8')).toContain('TSS2 PRIVATE KEY');
    await key.close();
  });
});
