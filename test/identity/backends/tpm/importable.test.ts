import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeKey, openssl } from '../../../support/openssl.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import { at, verified, given, message, signOnce } from './judge.ts';
import { makeParent, tss2File } from './keys.ts';
import { openTpmSigner } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';

const owner = 0x4000_0001;

describe('importable keys', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));
  let parent: string;

  beforeAll(async () => {
    parent = await makeParent(tpm, folder, 'storage');
  });

  /** A key in a file of this machine, wrapped for a parent by tpm2_duplicate as anybody with its public part can. */
  async function wrap(
    name: string,
    type: 'rsa:2048' | 'p256' | 'p384',
    into: string,
  ): Promise<Record<'public' | 'private' | 'seed', Buffer>> {
    const key = makeKey(folder, name, type);
    const parts = {
      public: join(folder, `${name}.pub`),
      private: join(folder, `${name}.dup`),
      seed: join(folder, `${name}.seed`),
    };
    const parentPublic = join(folder, `${name}-parent.pub`);
    await tpm.tool('tpm2_readpublic', '-c', into, '-o', parentPublic);
    const algorithm = type.startsWith('rsa') ? 'rsa' : 'ecc';
    const made = ['-u', parts.public, '-r', parts.private, '-s', parts.seed];
    await tpm.tool('tpm2_duplicate', '-U', parentPublic, '-G', algorithm, '-k', key, ...made);
    return { public: readFileSync(parts.public), private: readFileSync(parts.private), seed: readFileSync(parts.seed) };
  }

  test.each(['rsa:2048', 'p256', 'p384'] as const)('%s signs as the key it was made of', async (type) => {
    const name = type.replace(':', '');
    const parts = await wrap(name, type, parent);
    const source = tss2File({
      parent: owner,
      emptyAuth: true,
      publicPart: parts.public,
      privatePart: parts.private,
      secret: parts.seed,
      description: 'made elsewhere',
    });
    const key = await openTpmSigner(source, at(tpm), {});
    const expected = openssl(['pkey', '-in', join(folder, `${name}.key`), '-pubout', '-outform', 'DER']);
    expect(Buffer.from(key.publicKeyInfo).equals(expected)).toBe(true);
    expect(verified(folder, expected, await key.signer.sign(message))).toBe('Verified OK');
    expect(verified(folder, expected, await key.signer.sign(message))).toBe('Verified OK');
    await key.close();
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('below a persistent parent', async () => {
    await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', parent, '0x81000004');
    const parts = await wrap('below', 'p256', '0x81000004');
    const source = tss2File({
      parent: 0x8100_0004,
      emptyAuth: true,
      publicPart: parts.public,
      privatePart: parts.private,
      secret: parts.seed,
    });
    expect(await signOnce(folder, source, at(tpm))).toBe('Verified OK');
  });

  test.each([
    ['of another kind', ['-G', 'rsa2048:null:aes128cfb']],
    ['of the same kind', ['-C', 'e']],
  ])('wrapped for another parent %s', async (name, options) => {
    const parts = await wrap('foreign', 'p256', await makeParent(tpm, folder, name, ...options));
    const source = tss2File({
      parent: owner,
      emptyAuth: true,
      publicPart: parts.public,
      privatePart: parts.private,
      secret: parts.seed,
    });
    await expect(signOnce(folder, source, at(tpm))).rejects.toMatchObject({
      code: 'TPM_KEY_INVALID',
      message: '--private-key: key.pem: the key cannot be imported: it was wrapped for another parent or another TPM',
    });
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('a key of a file that tpm2_import put into the TPM', async () => {
    const key = makeKey(folder, 'imported', 'p256');
    const parts = ['-u', join(folder, 'imported.pub'), '-r', join(folder, 'imported.priv')];
    await tpm.tool('tpm2_import', '-C', parent, '-G', 'ecc', '-i', key, '-p', 'secret', ...parts);
    const source = tss2File({
      parent: owner,
      publicPart: readFileSync(join(folder, 'imported.pub')),
      privatePart: readFileSync(join(folder, 'imported.priv')),
    });
    expect(await signOnce(folder, source, at(tpm, { keyPassword: given('secret') }))).toBe('Verified OK');
  });
});
