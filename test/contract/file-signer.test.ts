import { readFileSync } from 'node:fs';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openIdentity } from '../../src/identity/open-identity.ts';
import type { Digest, Signer } from '../../src/identity/signer.ts';
import { publicKeyBytes } from '../../src/identity/x509/public-key.ts';
import { openMlDsaKey } from '../../src/identity/backends/file/ml-dsa-key.ts';
import { decodePem, pemBlocks } from '../../src/identity/backends/file/pem.ts';
import { octetStringOf, onlyElement, sequenceOf } from '../../src/identity/x509/der.ts';
import { type Issued, type KeyType, makeCa, makeFolder, makeLeaf, openssl, removeFolder } from '../support/openssl.ts';
import { bytes, file, recordingContext } from '../identity/given.ts';
import { opensslJudge } from '../support/openssl-judge.ts';
import { type JudgedSigner, signerContract } from './signer.contract.ts';

let folder: string;
let root: Issued;
const leaves = new Map<KeyType, Issued>();
beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root');
});
afterAll(() => removeFolder(folder));

function leafOf(keyType: KeyType): Issued {
  const known = leaves.get(keyType);
  if (known !== undefined) return known;
  const made = makeLeaf(folder, keyType.replace(':', '-'), root, { keyType });
  leaves.set(keyType, made);
  return made;
}

const fileKeys: readonly (readonly [KeyType, 'RSA' | 'ECDSA', number])[] = [
  ['rsa:2048', 'RSA', 256],
  ['rsa:4096', 'RSA', 512],
  ['p256', 'ECDSA', 72],
  ['p384', 'ECDSA', 104],
  ['p521', 'ECDSA', 139],
];

for (const [keyType, algorithm, signatureBytes] of fileKeys) {
  signerContract(`${keyType} in a file`, async () => {
    const { certificate, key } = leafOf(keyType);
    const { signer } = await openIdentity(
      { certificate: file(certificate), privateKey: file(key) },
      recordingContext(),
    );
    const publicKeyInfo = openssl(['pkey', '-in', key, '-pubout', '-outform', 'DER']);
    return { signer, algorithm, signatureBytes, verify: opensslJudge(folder, publicKeyInfo) };
  });
}

const schemes = { 44: ml_dsa44, 65: ml_dsa65, 87: ml_dsa87 } as const;
const fixture = (name: string): Buffer => readFileSync(new URL(`../../certs-fixtures/made/${name}`, import.meta.url));

function judgedByNoble(set: 44 | 65 | 87, signer: Signer, publicKeyInfo: Uint8Array): JudgedSigner {
  const publicKey = publicKeyBytes(publicKeyInfo);
  return {
    signer,
    algorithm: 'ML-DSA',
    signatureBytes: schemes[set].lengths.signature ?? 0,
    verify: (message, signature) => schemes[set].verify(signature, message, publicKey),
  };
}

for (const set of [44, 65, 87] as const) {
  signerContract(`ML-DSA-${set} in a file`, async () => {
    const source = {
      certificate: bytes(fixture(`ml-dsa-${set}-by-ec.pem`)),
      privateKey: bytes(fixture(`ml-dsa-${set}-both.key`)),
    };
    const { signer, certificate } = await openIdentity(source, recordingContext());
    return judgedByNoble(set, signer, certificate.publicKeyInfo);
  });
}

signerContract('ML-DSA-44 in a file, in JavaScript', async () => {
  const [block] = pemBlocks(fixture('ml-dsa-44-seed.key'));
  if (block === undefined) throw new Error('no block');
  const key = openMlDsaKey('ML-DSA-44', octetStringOf(sequenceOf(onlyElement(decodePem(block)))[2]));
  return judgedByNoble(44, key.signer, key.publicKeyInfo());
});

test('RSA signatures are those of openssl to the byte', async () => {
  const { certificate, key } = leafOf('rsa:2048');
  const { signer } = await openIdentity({ certificate: file(certificate), privateKey: file(key) }, recordingContext());
  const message = Buffer.from('message');
  for (const digest of ['sha256', 'sha384', 'sha512'] as const) {
    const expected = openssl(['dgst', `-${digest}`, '-sign', key], message);
    const named = digest.replace('sha', 'SHA-') as Digest;
    expect(Buffer.from(await signer.sign(message, named))).toEqual(expected);
  }
});
