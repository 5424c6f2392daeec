import type { Signer } from './signer.ts';
import { verifySignature } from './x509/verify-signature.ts';

/**
 * A signer whose signatures are checked against the public key of the certificate before anybody gets them: what a
 * token, a driver or a flipped bit did wrong ends here, and not as "Invalid signature" of the service.
 *
 * @param publicKeyInfo DER SubjectPublicKeyInfo
 * @returns a signer that throws SIGNATURE_INVALID, which says what was given in place of a signature
 */
export function verifiedSigner(signer: Signer, publicKeyInfo: Uint8Array): Signer {
  return {
    algorithm: signer.algorithm,
    async sign(message, digest = 'SHA-256') {
      const signature: unknown = await signer.sign(message, digest);
      const isBytes = signature instanceof Uint8Array;
      if (isBytes && (await verifySignature(publicKeyInfo, { message, signature }, digest))) return signature;
      const { explainSignature } = await import('./explain-signature.ts');
      throw explainSignature(publicKeyInfo, { message, signature, digest });
    },
  };
}
