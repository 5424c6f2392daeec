import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import type { Digest, SignatureAlgorithm, Signer } from '../../src/identity/signer.ts';

/** A signer to be judged, and a judge that is not ours. */
export interface JudgedSigner {
  readonly signer: Signer;
  readonly algorithm: SignatureAlgorithm;
  /** Bytes of a signature; ECDSA: the most there can be. */
  readonly signatureBytes: number;
  /** Those that it can sign with, all of them when not given; it refuses the others by an error of ours. */
  readonly digests?: readonly Digest[];
  /** Bytes of the longest message that it takes; 100 000 when not given. */
  readonly longest?: number;
  /** Whether another implementation takes the signature; the digest is nothing to ML-DSA. */
  readonly verify: (message: Uint8Array, signature: Uint8Array, digest: Digest) => boolean;
}

const digests: readonly Digest[] = ['SHA-256', 'SHA-384', 'SHA-512'];

/** What every Signer does, wherever its key lives (src/identity/signer.ts). */
export function signerContract(name: string, open: () => Promise<JudgedSigner>): void {
  describe(`the signer contract: ${name}`, () => {
    test('the algorithm is the one of the key', async () => {
      const { signer, algorithm } = await open();
      expect(signer.algorithm).toBe(algorithm);
    });

    test('a message is signed with SHA-256 where nothing else is asked for', async () => {
      const { signer, signatureBytes, verify } = await open();
      const message = Buffer.from('AWS4-X509-RSA-SHA256\n20260115T123456Z\nscope\nhash');
      const signature = await signer.sign(message);
      expect(signature.length).toBeLessThanOrEqual(signatureBytes);
      expect(verify(message, signature, 'SHA-256')).toBe(true);
      expect(verify(Buffer.from('another message'), signature, 'SHA-256')).toBe(false);
    });

    test.each(digests)('%s', async (digest) => {
      const { signer, verify, digests: able = digests } = await open();
      const message = Buffer.from('message');
      const signature = await signer.sign(message, digest).catch((error: unknown) => error);
      const isRight = able.includes(digest)
        ? signature instanceof Uint8Array && verify(message, signature, digest)
        : signature instanceof RolesAnywhereError;
      expect(isRight).toBe(true);
    });

    test.each([0, 1, 100_000])('a message of %i bytes, or the most that it takes', async (length) => {
      const { signer, verify, longest = length } = await open();
      const message = randomBytes(Math.min(length, longest));
      expect(verify(message, await signer.sign(message), 'SHA-256')).toBe(true);
    });

    test('many signatures, some at the same time', async () => {
      const { signer, verify } = await open();
      const messages = Array.from({ length: 8 }, () => randomBytes(64));
      const signatures = await Promise.all(messages.map((message) => signer.sign(message)));
      const verdicts = signatures.map((signature, index) =>
        verify(messages[index] ?? Buffer.of(), signature, 'SHA-256'),
      );
      expect(verdicts).toEqual(messages.map(() => true));
    });

    test('the message stays as it is', async () => {
      const { signer } = await open();
      const message = Buffer.from('message');
      await signer.sign(message);
      expect(message.toString()).toBe('message');
    });
  });
}
