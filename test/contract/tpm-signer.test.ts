import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openSigner } from '../../src/identity/open-identity.ts';
import type { OpenedSigner } from '../../src/identity/signer.ts';
import { opensslKey } from '../identity/backends/tpm/keys.ts';
import { file, recordingContext } from '../identity/given.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../support/swtpm.ts';
import { opensslJudge } from '../support/openssl-judge.ts';
import { signerContract } from './signer.contract.ts';

const keys: readonly (readonly [string, 'RSA' | 'EC', string, number])[] = [
  ['RSA 2048', 'RSA', 'bits:2048', 256],
  ['RSA 3072', 'RSA', 'bits:3072', 384],
  ['P-256', 'EC', 'group:P-256', 72],
  ['P-384', 'EC', 'group:P-384', 104],
  ['P-521', 'EC', 'group:P-521', 139],
];

describe('in a TPM', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));
  const publicKeys = new Map<string, Buffer>();
  const opened = new Map<string, OpenedSigner>();
  const pathOf = (name: string): string => join(folder, `${name}.tss2`);

  beforeAll(async () => {
    for (const [name, algorithm, option] of keys) {
      await opensslKey(tpm, pathOf(name), algorithm, [option]);
      publicKeys.set(name, await tpm.openssl('pkey', '-in', pathOf(name), '-pubout', '-outform', 'DER'));
    }
  });

  for (const [name, algorithm, , signatureBytes] of keys) {
    signerContract(`${name} in a TPM`, async () => {
      const key = opened.get(name) ?? (await openInTpm(name));
      opened.set(name, key);
      const verify = opensslJudge(folder, publicKeys.get(name) ?? Buffer.of());
      return { signer: key.signer, algorithm: algorithm === 'EC' ? 'ECDSA' : 'RSA', signatureBytes, verify };
    });
  }

  function openInTpm(name: string): Promise<OpenedSigner> {
    const tpmAt = { device: { option: '--tpm-device', text: tpm.tcti } };
    return openSigner({ privateKey: file(pathOf(name), '--private-key'), tpm: tpmAt }, recordingContext());
  }

  test('nothing of all that stays in the TPM', async () => {
    for (const key of opened.values()) await key.close();
    expect(await tpm.leftovers()).toEqual([]);
  });
});
