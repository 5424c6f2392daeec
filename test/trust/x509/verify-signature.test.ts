/** Signatures by node:crypto and openssl, in the forms that must pass and in those that must not. */
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type PublicKey, readPublicKey } from '../../../src/trust/x509/public-key.ts';
import { type VerificationScheme, verifyWithKey } from '../../../src/trust/x509/verify-signature.ts';

const message = Buffer.from('a message');
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = ec('P-256');

function publicKey(key: KeyObject): PublicKey {
  const read = readPublicKey(key.export({ format: 'der', type: 'spki' }));
  if ('problem' in read) throw new Error(read.problem);
  return read;
}

const ecdsa: VerificationScheme = { kind: 'ECDSA', hash: 'SHA-256' };
const pkcs1: VerificationScheme = { kind: 'RSA-PKCS1', hash: 'SHA-256' };
const pss: VerificationScheme = { kind: 'RSA-PSS', hash: 'SHA-256' };
const pssPadding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

describe('signatures that fit', () => {
  test.each(['P-256', 'P-384', 'P-521'])('ECDSA with %s and SHA-256, in DER', (curve) => {
    const pair = ec(curve);
    const key = publicKey(pair.publicKey);
    expect(key).toMatchObject({ family: 'ECDSA', name: curve });
    const signature = sign('sha256', message, pair.privateKey);
    expect(verifyWithKey(key, { scheme: ecdsa, message, signature })).toBe(true);
  });

  test('RSA, PKCS #1 v1.5 and PSS', () => {
    const key = publicKey(rsa.publicKey);
    expect(key).toMatchObject({ family: 'RSA', name: 'RSA-2048' });
    expect(verifyWithKey(key, { scheme: pkcs1, message, signature: sign('sha256', message, rsa.privateKey) })).toBe(
      true,
    );
    const signature = sign('sha256', message, { key: rsa.privateKey, ...pssPadding });
    expect(verifyWithKey(key, { scheme: pss, message, signature })).toBe(true);
  });
});

describe('signatures that do not', () => {
  const cases: [string, KeyObject, VerificationScheme, () => Buffer][] = [
    [
      'ECDSA as r and s',
      p256.publicKey,
      ecdsa,
      () => sign('sha256', message, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' }),
    ],
    ['ECDSA with SHA-384', p256.publicKey, ecdsa, () => sign('sha384', message, p256.privateKey)],
    ['ECDSA by another key', ec('P-256').publicKey, ecdsa, () => sign('sha256', message, p256.privateKey)],
    [
      'PSS where PKCS #1 v1.5 is wanted',
      rsa.publicKey,
      pkcs1,
      () => sign('sha256', message, { key: rsa.privateKey, ...pssPadding }),
    ],
    ['PKCS #1 v1.5 where PSS is wanted', rsa.publicKey, pss, () => sign('sha256', message, rsa.privateKey)],
    ['RSA with SHA-512', rsa.publicKey, pkcs1, () => sign('sha512', message, rsa.privateKey)],
    ['RSA where ECDSA is wanted', rsa.publicKey, ecdsa, () => sign('sha256', message, rsa.privateKey)],
    [
      'ECDSA where ML-DSA is wanted',
      p256.publicKey,
      { kind: 'ML-DSA' },
      () => sign('sha256', message, p256.privateKey),
    ],
    ['noise', p256.publicKey, ecdsa, () => Buffer.from('noise')],
    ['nothing', rsa.publicKey, pkcs1, () => Buffer.alloc(0)],
  ];

  test.each(cases)('%s', (_name, key, scheme, make) => {
    expect(verifyWithKey(publicKey(key), { scheme, message, signature: make() })).toBe(false);
  });

  test('of another message', () => {
    const signed = {
      scheme: ecdsa,
      message: Buffer.from('another'),
      signature: sign('sha256', message, p256.privateKey),
    };
    expect(verifyWithKey(publicKey(p256.publicKey), signed)).toBe(false);
  });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['noise', Buffer.from('3003020101', 'hex')],
])('%s is no public key', (_name, bytes) => {
  expect(readPublicKey(bytes)).toEqual({ problem: 'its algorithm cannot be read' });
});
