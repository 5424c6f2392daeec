import { afterAll, beforeAll, describe } from 'vitest';
import { verifiedSigner } from '../../src/identity/verified-signer.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { opensslJudge } from '../support/openssl-judge.ts';
import { makeStandIn, needsStandIns, openInStore, type StandIn } from '../support/store-stand-ins.ts';
import { signerContract } from './signer.contract.ts';

const keys = [
  ['rsa', 'rsa:2048', 'RSA', 256],
  ['p256', 'p256', 'ECDSA', 72],
  ['p384', 'p384', 'ECDSA', 104],
] as const;

describe.each(['keychain', 'windows-store'] as const)('%s', needsStandIns(), (system) => {
  let folder: string;
  let store: StandIn;

  beforeAll(async () => {
    folder = makeFolder();
    const ca = makeCa(folder, 'ca');
    store = await makeStandIn(folder, system);
    for (const [kind, keyType] of keys) store.put(kind, makeLeaf(folder, kind, ca, { keyType }), kind);
  });
  afterAll(() => removeFolder(folder));

  for (const [kind, , algorithm, signatureBytes] of keys) {
    signerContract(`${kind} in a ${system}`, async () => {
      const { certificate, key } = await openInStore(store, kind);
      return {
        signer: verifiedSigner(key.signer, certificate.publicKeyInfo),
        algorithm,
        signatureBytes,
        digests: ['SHA-256', 'SHA-384', 'SHA-512'],
        longest: 10_000,
        verify: opensslJudge(folder, certificate.publicKeyInfo),
      };
    });
  }
});
