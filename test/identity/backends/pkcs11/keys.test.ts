import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPkcs11Signer, type Pkcs11Signer } from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import type { Digest } from '../../../../src/identity/signer.ts';
import { verifySignature } from '../../../../src/identity/x509/verify-signature.ts';
import {
  type KeyType,
  makeCa,
  makeFolder,
  makeKey,
  makeLeaf,
  openssl,
  removeFolder,
} from '../../../support/openssl.ts';
import { optionsWith, personWho, privateKeyAt } from '../../../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm, type SoftHsm, type Token } from '../../../support/softhsm.ts';
import { rejectionOf } from '../../../support/thrown.ts';

const keyTypes = ['rsa:2048', 'rsa:4096', 'p256', 'p384', 'p521'] as const;
const digests: readonly Digest[] = ['SHA-256', 'SHA-384', 'SHA-512'];

const open = (object: string): Promise<Pkcs11Signer> => {
  const privateKey = privateKeyAt(`pkcs11:token=hsm;object=${encodeURIComponent(object)}?pin-value=1234`);
  return openPkcs11Signer({ privateKey }, optionsWith(), personWho());
};

describe('keys on a SoftHSM token', needsSoftHsm(), () => {
  let folder: string;
  let hsm: SoftHsm;
  let token: Token;
  const keys = new Map<KeyType, string>();

  beforeAll(() => {
    folder = makeFolder();
    hsm = makeSoftHsm(folder);
    token = hsm.makeToken('hsm');
    for (const [index, keyType] of keyTypes.entries()) {
      const key = makeKey(folder, `key${index}`, keyType);
      keys.set(keyType, key);
      token.addKey(key, { label: keyType, id: `0${index}` });
      token.addPublicKey(key, { label: keyType, id: `0${index}` });
    }
    token.addKey(makeKey(folder, 'foreign', 'secp256k1'), { label: 'foreign', id: '0a' });
  });

  afterAll(() => removeFolder(folder));

  /** openssl is the judge. */
  function verify(keyType: KeyType, digest: Digest, message: Uint8Array, signature: Uint8Array): string {
    const files = {
      key: join(folder, 'public.pem'),
      message: join(folder, 'message'),
      signature: join(folder, 'signature'),
    };
    writeFileSync(files.key, openssl(['pkey', '-in', keys.get(keyType) ?? '', '-pubout']));
    writeFileSync(files.message, message);
    writeFileSync(files.signature, signature);
    const hash = `-${digest.replace('-', '').toLowerCase()}`;
    return openssl(['dgst', hash, '-verify', files.key, '-signature', files.signature, files.message]).toString();
  }

  describe.each(keyTypes)('%s', (keyType) => {
    test.each(digests)('%s: the signature is the one openssl expects', async (digest) => {
      const opened = await open(keyType);
      const message = Buffer.from(`to be signed with ${digest}`);
      const signature = await opened.signer.sign(message, digest);
      await opened.close();
      expect(verify(keyType, digest, message, signature)).toContain('Verified OK');
      expect(opened.signer.algorithm).toBe(keyType.startsWith('rsa') ? 'RSA' : 'ECDSA');
    });

    test('SHA-256 is what is used when nothing is said', async () => {
      const opened = await open(keyType);
      const signature = await opened.signer.sign(Buffer.from('message'));
      await opened.close();
      expect(verify(keyType, 'SHA-256', Buffer.from('message'), signature)).toContain('Verified OK');
    });
  });

  test('many signatures in a row and at once are all good', async () => {
    const opened = await open('p256');
    const messages = Array.from({ length: 40 }, (_, index) => Buffer.from(`message ${index}`));
    const signatures = await Promise.all(messages.map((message) => opened.signer.sign(message)));
    await opened.close();
    const publicKeyInfo = openssl(['pkey', '-in', keys.get('p256') ?? '', '-pubout', '-outform', 'DER']);
    const verdicts = messages.map((message, index) =>
      verifySignature(publicKeyInfo, { message, signature: signatures[index] ?? Buffer.alloc(0) }),
    );
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set([true]));
  });

  const publicKeyOf = (path: string): Buffer => openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']);

  test.each(keyTypes)('the public half of a key of type %s is told', async (keyType) => {
    const opened = await open(keyType);
    await opened.close();
    expect(Buffer.from(opened.publicKeyInfo)).toEqual(publicKeyOf(keys.get(keyType) ?? ''));
  });

  test('the public half of an EC key without a public key object is read from the certificate beside it', async () => {
    const leaf = makeLeaf(folder, 'leaf', makeCa(folder, 'root'));
    token.addKey(leaf.key, { label: 'lone', id: '0b' });
    expect((await rejectionOf(open('lone'))).message).toBe(
      '--private-key: the token does not show the public half of the key',
    );
    token.addCertificate(leaf.certificate, { label: 'of the lone key', id: '0b' });
    const opened = await open('lone');
    await opened.close();
    expect(Buffer.from(opened.publicKeyInfo)).toEqual(publicKeyOf(leaf.key));
  });

  test('a key on a curve that Roles Anywhere does not know is refused with the reason', async () => {
    const error = await rejectionOf(open('foreign'));
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toMatch(
      /^--private-key: the private key on token "hsm" \(serial \w+\) cannot be used: EC keys on curve 1\.3\.132\.0\.10/,
    );
  });

  describe('where the token has no CKM_RSA_PKCS', () => {
    beforeAll(() => hsm.limitMechanisms('CKM_SHA256_RSA_PKCS,CKM_SHA384_RSA_PKCS,CKM_ECDSA'));
    afterAll(() => hsm.limitMechanisms('ALL'));

    test.each(['SHA-256', 'SHA-384'] as const)(
      'RSA with %s is hashed by the token, and the signature is the same',
      async (digest) => {
        const opened = await open('rsa:2048');
        const signature = await opened.signer.sign(Buffer.from('message'), digest);
        await opened.close();
        expect(verify('rsa:2048', digest, Buffer.from('message'), signature)).toContain('Verified OK');
      },
    );

    test('what it cannot do at all is told', async () => {
      const opened = await open('rsa:2048');
      const error = await rejectionOf(opened.signer.sign(Buffer.from('message'), 'SHA-512'));
      await opened.close();
      expect(error.code).toBe('PKCS11_FAILED');
      expect(error.message).toMatch(/^token "hsm" \(serial \w+\) has no mechanism for RSA signatures with SHA-512$/);
    });
  });
});
