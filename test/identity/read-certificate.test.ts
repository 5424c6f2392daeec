import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCertificate } from '../../src/identity/read-certificate.ts';
import {
  certificateDer,
  concatenate,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  makePkcs12,
  removeFolder,
} from '../support/openssl.ts';
import { rejectionOf } from '../support/thrown.ts';
import { bytes, file, password, recordingContext } from './given.ts';
import { bagsOf, pkcs12Of } from './backends/file/pkcs12-parts.ts';

let folder: string;
let root: Issued;
let leaf: Issued;
beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root');
  leaf = makeLeaf(folder, 'leaf', root);
});
afterAll(() => removeFolder(folder));

const derOf = async (...given: Parameters<typeof readCertificate>): Promise<Buffer> =>
  Buffer.from((await readCertificate(...given)).der);

test('the first certificate of a bundle, without a key', async () => {
  const path = concatenate(folder, 'bundle.pem', [leaf.certificate, root.certificate]);
  expect(await derOf({ certificate: file(path) }, recordingContext())).toEqual(certificateDer(leaf.certificate));
});

test('a certificate that could not be used', async () => {
  const expired = makeLeaf(folder, 'expired', root, { notAfter: new Date(Date.now() - 60_000), hash: 'sha1' });
  const source = { certificate: bytes(certificateDer(expired.certificate)) };
  expect(await derOf(source, recordingContext())).toEqual(certificateDer(expired.certificate));
});

test('the leaf of a PKCS#12, with its password', async () => {
  const plain = ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'];
  const bags = bagsOf(readFileSync(makePkcs12(folder, 'plain', leaf, { others: [root], args: plain })));
  const reversed = { certificate: bytes(pkcs12Of([...bags].reverse())) };
  expect(await derOf(reversed, recordingContext())).toEqual(certificateDer(leaf.certificate));
  const path = makePkcs12(folder, 'leaf', leaf, { password: 'secret', others: [root] });
  const source = { certificate: file(path), keyPassword: password('secret') };
  expect(await derOf(source, recordingContext())).toEqual(certificateDer(leaf.certificate));
  expect(await derOf({ certificate: file(path) }, recordingContext(['secret']))).toEqual(
    certificateDer(leaf.certificate),
  );
  expect((await rejectionOf(readCertificate({ certificate: file(path) }, recordingContext()))).code).toBe(
    'PASSWORD_MISSING',
  );
});

test('the first certificate of a PKCS#12 without a key', async () => {
  const plain = ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'];
  const bags = bagsOf(readFileSync(makePkcs12(folder, 'plain', leaf, { others: [root], args: plain })));
  const source = { certificate: bytes(pkcs12Of(bags.slice(0, 2))) };
  expect(await derOf(source, recordingContext())).toEqual(certificateDer(leaf.certificate));
});

test('errors name the file', async () => {
  const error = await rejectionOf(readCertificate({ certificate: file(leaf.key) }, recordingContext()));
  expect(error.code).toBe('CERTIFICATE_INVALID');
  expect(error.message).toBe(`--certificate: ${leaf.key} holds no certificate, but PRIVATE KEY`);
});
