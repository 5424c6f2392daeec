import { chmodSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SignerSource } from '../../src/identity/identity.ts';
import { openSigner } from '../../src/identity/open-identity.ts';
import { publicKeyBytes } from '../../src/identity/x509/public-key.ts';
import {
  concatenate,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  makePkcs12,
  openssl,
  removeFolder,
} from '../support/openssl.ts';
import { rejectionOf } from '../support/thrown.ts';
import { bytes, file, password, recordingContext } from './given.ts';
import { bagsOf, pkcs12Of } from './backends/file/pkcs12-parts.ts';

let folder: string;
let root: Issued;
let leaf: Issued;
let other: Issued;
beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root');
  leaf = makeLeaf(folder, 'leaf', root, { notAfter: new Date(Date.now() - 60_000) });
  other = makeLeaf(folder, 'other', root);
});
afterAll(() => removeFolder(folder));

const publicKeyInfoOf = (issued: Issued): Buffer => openssl(['pkey', '-in', issued.key, '-pubout', '-outform', 'DER']);
const refusal = (source: SignerSource): ReturnType<typeof rejectionOf> =>
  rejectionOf(openSigner(source, recordingContext()));

test.each<[string, () => SignerSource]>([
  ['a key alone', () => ({ privateKey: file(leaf.key, '--private-key') })],
  [
    'a key with its certificate, though that has expired',
    () => ({ certificate: file(leaf.certificate), privateKey: file(leaf.key) }),
  ],
  ['one file with both', () => ({ certificate: file(concatenate(folder, 'both.pem', [leaf.certificate, leaf.key])) })],
  [
    'a PKCS#12',
    () => ({
      certificate: file(makePkcs12(folder, 'p', leaf, { password: 'secret', others: [root] })),
      keyPassword: password('secret'),
    }),
  ],
  ['a PKCS#12 as the key', () => ({ privateKey: file(makePkcs12(folder, 'p', leaf, { others: [root] })) })],
  [
    'a PKCS#12 as the key of a certificate',
    () => ({ certificate: file(leaf.certificate), privateKey: file(makePkcs12(folder, 'p', leaf)) }),
  ],
])('%s', async (_, source) => {
  const opened = await openSigner(source(), recordingContext());
  const publicKeyInfo = Buffer.from(opened.publicKeyInfo ?? []);
  expect(publicKeyInfo).toEqual(publicKeyInfoOf(leaf));
  expect(publicKeyBytes(publicKeyInfo)).toHaveLength(65);
  expect((await opened.signer.sign(Buffer.from('message'), 'SHA-384')).length).toBeGreaterThan(60);
  await opened.close();
});

test('a PKCS#12 is asked for its password once', async () => {
  const path = makePkcs12(folder, 'asked', leaf, { password: 'secret', others: [root] });
  const context = recordingContext(['secret']);
  await openSigner({ certificate: file(path), privateKey: file(path, '--private-key') }, context);
  expect(context.questions).toEqual([`password of ${path}`]);
});

test('the pair is checked', async () => {
  const error = await refusal({ certificate: file(leaf.certificate), privateKey: file(other.key, '--private-key') });
  expect(error.code).toBe('KEY_MISMATCH');
});

test('a key that Roles Anywhere does not know is refused', async () => {
  const odd = makeLeaf(folder, 'odd', root, { keyType: 'ed25519' });
  const error = await refusal({ privateKey: file(odd.key, '--private-key') });
  expect(error.code).toBe('KEY_UNSUPPORTED');
  const small = makeLeaf(folder, 'small', root, { keyType: 'rsa:1024' });
  expect((await refusal({ privateKey: file(small.key) })).code).toBe('KEY_UNSUPPORTED');
  expect((await refusal({ certificate: file(small.certificate), privateKey: file(small.key) })).code).toBe(
    'KEY_UNSUPPORTED',
  );
});

test('of several keys without a certificate none is taken', async () => {
  const plain = ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'];
  const keyBag = (issued: Issued): Uint8Array =>
    bagsOf(readFileSync(makePkcs12(folder, 'one', issued, { args: plain }))).at(-1) ?? Buffer.of();
  const error = await refusal({ privateKey: bytes(pkcs12Of([keyBag(leaf), keyBag(other)]), '--private-key') });
  expect(error.code).toBe('KEY_MISMATCH');
  expect(error.message).toContain('(EC P-256, EC P-256) is not the key of');
});

test('nothing at all', async () => {
  const missing = await refusal({});
  expect(missing.code).toBe('OPTION_MISSING');
  expect(missing.message).toBe('--private-key or --certificate is missing');
});

test('a key that others may read', async () => {
  const path = concatenate(folder, 'exposed.key', [leaf.key]);
  chmodSync(path, 0o644);
  const context = recordingContext();
  await openSigner({ privateKey: file(path, '--private-key') }, context);
  expect(context.warnings).toEqual([
    `--private-key: ${path} holds a private key that others may read (mode 0644): chmod 600 ${path}`,
  ]);
});
