import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Digest, Signer } from '../../src/identity/signer.ts';
import { signerContract, type SignerUnderTest } from '../../src/testing/index.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
const hashOf = (digest: Digest): string => digest.replace('-', '').toLowerCase();
const sound: Signer = {
  algorithm: 'ECDSA',
  sign: (message, digest = 'SHA-256') => Promise.resolve(sign(hashOf(digest), message, privateKey)),
};

/** Names of the tests that fail. */
async function failing(signer: Partial<Signer>, more: Partial<SignerUnderTest> = {}): Promise<readonly string[]> {
  const tests = signerContract(() => Promise.resolve({ signer: { ...sound, ...signer }, publicKeyInfo, ...more }));
  const outcomes = await Promise.allSettled(tests.map(({ run }) => run()));
  return tests.flatMap(({ name }, at) => (outcomes[at]?.status === 'rejected' ? [name] : []));
}

test('a sound signer passes', async () => {
  expect(await failing({})).toEqual([]);
});

describe('what signers get wrong is found', () => {
  const digests = [
    'SHA-384 is used where it is asked for, or refused',
    'SHA-512 is used where it is asked for, or refused',
  ];

  test('another family', async () => {
    expect(await failing({ algorithm: 'RSA' })).toEqual(['the algorithm is the family of the key']);
  });

  test('SHA-256 whatever is asked for, and the same where that is all it can', async () => {
    const only = (message: Uint8Array) => Promise.resolve(sign('sha256', message, privateKey));
    expect(await failing({ sign: only })).toEqual(digests);
    const refusing: Signer['sign'] = (message, digest = 'SHA-256') =>
      digest === 'SHA-256' ? only(message) : Promise.reject(new Error('SHA-256 alone'));
    expect(await failing({ sign: refusing }, { digests: ['SHA-256'] })).toEqual([]);
  });

  test('a hash of the hash, IEEE P1363, a string', async () => {
    const wrong: readonly Signer['sign'][] = [
      (message) => Promise.resolve(sign('sha256', createHash('sha256').update(message).digest(), privateKey)),
      (message) => Promise.resolve(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
      (message) => Promise.resolve(sign('sha256', message, privateKey).toString('base64') as unknown as Uint8Array),
    ];
    for (const one of wrong)
      expect(await failing({ sign: one })).toContain('a message of 1 bytes, or the most that it takes');
  });

  test('a message that is written over', async () => {
    const wiping: Signer['sign'] = async (message, digest) => {
      const signature = await sound.sign(message, digest);
      message.fill(0);
      return signature;
    };
    expect(await failing({ sign: wiping })).toContain('the message stays as it is');
  });
});
