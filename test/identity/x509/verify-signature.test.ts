import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPublicKey } from '../../../src/identity/x509/open-key.ts';
import { verifySignature } from '../../../src/identity/x509/verify-signature.ts';
import { makeFolder, makeKey, openssl, removeFolder } from '../../support/openssl.ts';

let folder: string;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => removeFolder(folder));

const message = Buffer.from('message');

test.each(['rsa:2048', 'p256', 'p384', 'p521'] as const)(
  '%s: only the right message, digest and signature pass',
  async (keyType) => {
    const path = makeKey(folder, 'key', keyType);
    const publicKeyInfo = openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']);
    const key = createPrivateKey(readFileSync(path));
    for (const digest of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
      const signature = sign(digest, message, key);
      expect(await verifySignature(publicKeyInfo, { message, signature }, digest)).toBe(true);
      const others = (['SHA-256', 'SHA-384', 'SHA-512'] as const).filter((other) => other !== digest);
      for (const other of others)
        expect(await verifySignature(publicKeyInfo, { message, signature }, other)).toBe(false);
      expect(await verifySignature(publicKeyInfo, { message: Buffer.from('other'), signature }, digest)).toBe(false);
      signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
      expect(await verifySignature(publicKeyInfo, { message, signature }, digest)).toBe(false);
    }
    expect(await verifySignature(publicKeyInfo, { message, signature: Buffer.of() })).toBe(false);
  },
);

test('without a digest it is SHA-256', async () => {
  const path = makeKey(folder, 'key');
  const publicKeyInfo = openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']);
  const signature = sign('sha256', message, createPrivateKey(readFileSync(path)));
  expect(await verifySignature(publicKeyInfo, { message, signature })).toBe(true);
});

test('ECDSA in the form of IEEE P1363 does not pass', async () => {
  const path = makeKey(folder, 'key');
  const publicKeyInfo = openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']);
  const key = createPrivateKey(readFileSync(path));
  const signature = sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
  expect(await verifySignature(publicKeyInfo, { message, signature })).toBe(false);
});

test('a key is opened once, and what is no key not at all', async () => {
  const publicKeyInfo = openssl(['pkey', '-in', makeKey(folder, 'key'), '-pubout', '-outform', 'DER']);
  expect(openPublicKey(publicKeyInfo)).toBe(openPublicKey(publicKeyInfo));
  expect(openPublicKey(Buffer.from('3000', 'hex'))).toBeUndefined();
});
