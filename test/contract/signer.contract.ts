import { describe, expect, test } from 'vitest';
import type { SignatureAlgorithm } from '../../src/identity/signer.ts';
import { signerContract as contractOf, type SignerUnderTest } from '../../src/testing/index.ts';

/** A signer to be judged, and a judge that is not ours. */
export interface JudgedSigner extends SignerUnderTest {
  readonly verify: NonNullable<SignerUnderTest['verify']>;
  readonly algorithm: SignatureAlgorithm;
  /** Bytes of a signature; ECDSA: the most there can be. */
  readonly signatureBytes: number;
}

/** What every Signer does, wherever its key lives: the tests that others get as `roles-anywhere/testing`, and its size. */
export function signerContract(name: string, open: () => Promise<JudgedSigner>): void {
  describe(`the signer contract: ${name}`, () => {
    test('the algorithm is the one of the key, and the signature has its size', async () => {
      const { signer, algorithm, signatureBytes } = await open();
      expect(signer.algorithm).toBe(algorithm);
      expect((await signer.sign(Buffer.from('message'))).length).toBeLessThanOrEqual(signatureBytes);
    });

    // The family of the key is known here without it.
    test.each(contractOf(open).slice(1))('$name', async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
}
