import { afterAll, beforeAll, expect, test } from 'vitest';
import { Problem } from '../../../src/identity/problem.ts';
import type { Certificate } from '../../../src/identity/x509/certificate.ts';
import { checkLeaf, faultOf } from '../../../src/identity/x509/check-leaf.ts';
import type { LeafFault } from '../../../src/identity/x509/explain-leaf.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import {
  certificateDer,
  type CertificateOptions,
  type Issued,
  makeCa,
  makeFolder,
  makeKey,
  makeLeaf,
  removeFolder,
} from '../../support/openssl.ts';

let folder: string;
let root: Issued;
let rsaRoot: Issued;
let key: string;
beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root');
  rsaRoot = makeCa(folder, 'rsa-root', { keyType: 'rsa:2048' });
  key = makeKey(folder, 'leaf');
});
afterAll(() => removeFolder(folder));

const now = new Date();
const days = (count: number): Date => new Date(now.getTime() + count * 24 * 3600 * 1000);
const usage = 'keyUsage = critical, digitalSignature';

function leaf(options: CertificateOptions = {}): Certificate {
  return parseX509(certificateDer(makeLeaf(folder, 'leaf', root, { key, ...options }).certificate));
}

function leafByRsa(options: CertificateOptions): Certificate {
  return parseX509(certificateDer(makeLeaf(folder, 'leaf', rsaRoot, { key, ...options }).certificate));
}

async function problemOf(certificate: Certificate, at = now): Promise<Problem> {
  try {
    await checkLeaf(certificate, at);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a leaf as it should be passes', async () => {
  await expect(checkLeaf(leaf(), now)).resolves.toBeUndefined();
  expect(faultOf(leaf({ extensions: [usage] }), now)).toBeUndefined();
  expect(faultOf(leaf({ extensions: ['basicConstraints = CA:FALSE', usage] }), now)).toBeUndefined();
  expect(faultOf(leaf({ extensions: ['keyUsage = digitalSignature, keyEncipherment'] }), now)).toBeUndefined();
});

test.each(['sha256', 'sha384', 'sha512'] as const)('%s is strong enough, with ECDSA, RSA and RSASSA-PSS', (hash) => {
  expect(faultOf(leaf({ hash }), now)).toBeUndefined();
  expect(faultOf(leafByRsa({ hash }), now)).toBeUndefined();
  expect(faultOf(leafByRsa({ hash, pss: true }), now)).toBeUndefined();
});

test.each<[name: string, certificate: () => Certificate, code: LeafFault, message: string]>([
  [
    'version 1',
    () => leaf({ extensions: [] }),
    'CERTIFICATE_VERSION',
    'which is of X.509 version 1, and Roles Anywhere takes version 3 only',
  ],
  [
    'a CA',
    () => leaf({ extensions: ['basicConstraints = CA:TRUE', usage] }),
    'CERTIFICATE_IS_CA',
    'which is a CA certificate (basicConstraints CA:TRUE)',
  ],
  [
    'no key usage',
    () => leaf({ extensions: ['basicConstraints = CA:FALSE'] }),
    'CERTIFICATE_KEY_USAGE',
    'which has no key usage extension, where digitalSignature must be',
  ],
  [
    'another key usage',
    () => leaf({ extensions: ['keyUsage = keyEncipherment, keyAgreement'] }),
    'CERTIFICATE_KEY_USAGE',
    'which may be used for keyEncipherment, keyAgreement, but not for digitalSignature',
  ],
  [
    'SHA-1 with ECDSA',
    () => leaf({ hash: 'sha1' }),
    'CERTIFICATE_HASH_WEAK',
    'which is signed with SHA-1, and Roles Anywhere asks for SHA-256 or better',
  ],
  ['SHA-1 with RSA', () => leafByRsa({ hash: 'sha1' }), 'CERTIFICATE_HASH_WEAK', 'which is signed with SHA-1, and'],
  ['MD5', () => leafByRsa({ hash: 'md5' }), 'CERTIFICATE_HASH_WEAK', 'which is signed with MD5, and'],
  ['SHA-224', () => leafByRsa({ hash: 'sha224' }), 'CERTIFICATE_HASH_WEAK', 'which is signed with SHA-224, and'],
  [
    'SHA-1 with RSASSA-PSS, by default parameters',
    () => leafByRsa({ hash: 'sha1', pss: true }),
    'CERTIFICATE_HASH_WEAK',
    'which is signed with RSASSA-PSS with SHA-1, and',
  ],
  [
    'SHA-224 with RSASSA-PSS',
    () => leafByRsa({ hash: 'sha224', pss: true }),
    'CERTIFICATE_HASH_WEAK',
    'which is signed with RSASSA-PSS with SHA-224, and',
  ],
  [
    'an unknown signature algorithm',
    () => ({ ...leaf(), signatureAlgorithm: '1.2.3.4' }),
    'CERTIFICATE_HASH_WEAK',
    'which is signed with algorithm 1.2.3.4, and',
  ],
])('%s is refused', async (_, certificate, code, message) => {
  const problem = await problemOf(certificate());
  expect(problem.code).toBe(code);
  expect(problem.message).toMatch(/^holds the certificate CN=leaf, which /);
  expect(problem.message).toContain(message);
  expect(problem.details.hints).toHaveLength(1);
});

test.each([
  ['rsa:1024', 'RSA keys must have 2048 to 8192 bits, and this one has 1024'],
  ['ed25519', 'Roles Anywhere takes no signatures by Ed25519 keys'],
  ['secp256k1', 'Roles Anywhere takes no signatures by EC secp256k1 keys'],
] as const)('a key of type %s is refused', async (keyType, reason) => {
  const certificate = parseX509(certificateDer(makeLeaf(folder, 'other', root, { keyType }).certificate));
  const problem = await problemOf(certificate);
  expect(problem.code).toBe('CERTIFICATE_KEY_UNSUPPORTED');
  expect(problem.message).toBe(`holds the certificate CN=other, which cannot be used: ${reason}`);
  expect(problem.details.hints).toEqual([
    'use RSA (2048 to 8192 bits), EC (P-256, P-384, P-521) or ML-DSA (44, 65, 87)',
  ]);
});

test('an empty subject is refused', async () => {
  const problem = await problemOf({ ...leaf(), subject: Buffer.from('3000', 'hex') });
  expect(problem.code).toBe('CERTIFICATE_INVALID');
  expect(problem.message).toBe('holds the certificate (without a subject), which has an empty subject');
});

test('a certificate is valid from its first second to its last', async () => {
  const notBefore = new Date('2026-01-15T12:34:56Z');
  const notAfter = new Date('2026-02-15T12:34:56Z');
  const certificate = leaf({ notBefore, notAfter });
  expect(faultOf(certificate, notBefore)).toBeUndefined();
  expect(faultOf(certificate, notAfter)).toBeUndefined();
  const early = await problemOf(certificate, new Date('2026-01-15T12:34:55Z'));
  expect(early.code).toBe('CERTIFICATE_NOT_YET_VALID');
  expect(early.message).toBe(
    'holds the certificate CN=leaf, which is not valid before 2026-01-15T12:34:56Z, and it is 2026-01-15T12:34:55Z',
  );
  expect(early.details.hints).toEqual(["check this machine's clock"]);
  const late = await problemOf(certificate, new Date('2026-02-15T12:34:57Z'));
  expect(late.code).toBe('CERTIFICATE_EXPIRED');
  expect(late.message).toBe(
    'holds the certificate CN=leaf, which expired on 2026-02-15T12:34:56Z, and it is 2026-02-15T12:34:57Z',
  );
});

test('of several faults the first one in the list is told', () => {
  const broken = leaf({ extensions: ['basicConstraints = CA:TRUE'], hash: 'sha1', notAfter: days(-0.5) });
  expect(faultOf(broken, now)).toBe('CERTIFICATE_IS_CA');
});
