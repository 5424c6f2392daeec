import { afterAll, beforeAll, describe } from 'vitest';
import { openSigner } from '../../src/identity/open-identity.ts';
import type { OpenedSigner } from '../../src/identity/signer.ts';
import { recordingContext } from '../identity/given.ts';
import { type KeyType, makeFolder, makeKey, openssl, removeFolder } from '../support/openssl.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule } from '../support/softhsm.ts';
import { opensslJudge } from '../support/openssl-judge.ts';
import { signerContract } from './signer.contract.ts';

const keys: readonly (readonly [KeyType, 'RSA' | 'ECDSA', number])[] = [
  ['rsa:2048', 'RSA', 256],
  ['rsa:4096', 'RSA', 512],
  ['p256', 'ECDSA', 72],
  ['p384', 'ECDSA', 104],
  ['p521', 'ECDSA', 139],
];

describe('on a SoftHSM token', needsSoftHsm(), () => {
  let folder: string;
  const paths = new Map<KeyType, string>();
  const opened = new Map<KeyType, OpenedSigner>();

  beforeAll(() => {
    folder = makeFolder();
    const token = makeSoftHsm(folder).makeToken('hsm');
    keys.forEach(([keyType], index) => {
      const path = makeKey(folder, keyType.replace(':', '-'), keyType);
      const names = { label: keyType.replace(':', '-'), id: `0${index}` };
      token.addKey(path, names);
      token.addPublicKey(path, names);
      paths.set(keyType, path);
    });
  });

  afterAll(async () => {
    for (const key of opened.values()) await key.close();
    removeFolder(folder);
  });

  for (const [keyType, algorithm, signatureBytes] of keys) {
    signerContract(`${keyType} on a PKCS#11 token`, async () => {
      const key = opened.get(keyType) ?? (await openOnToken(keyType.replace(':', '-')));
      opened.set(keyType, key);
      const publicKeyInfo = openssl(['pkey', '-in', paths.get(keyType) ?? '', '-pubout', '-outform', 'DER']);
      return { signer: key.signer, algorithm, signatureBytes, verify: opensslJudge(folder, publicKeyInfo) };
    });
  }
});

function openOnToken(object: string): Promise<OpenedSigner> {
  return openSigner(
    {
      privateKey: { option: '--private-key', kind: 'pkcs11', uri: `pkcs11:token=hsm;object=${object}?pin-value=1234` },
      pkcs11: { module: { option: '--pkcs11-lib', text: softHsmModule } },
    },
    recordingContext(),
  );
}
