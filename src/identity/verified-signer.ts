import { RolesAnywhereError } from '../errors.ts';
import type { Signer } from './signer.ts';
import { verifySignature } from './x509/verify-signature.ts';

/**
 * A signer whose signatures are checked against the public key of the certificate before anybody gets them: what a
 * token, a driver or a flipped bit did wrong ends here, and not as "Invalid signature" of the service.
 *
 * @param publicKeyInfo DER SubjectPublicKeyInfo
 */
export function verifiedSigner(signer: Signer, publicKeyInfo: Uint8Array): Signer {
  return {
    algorithm: signer.algorithm,
    async sign(message, digest) {
      const signature = await signer.sign(message, digest);
      if (await verifySignature(publicKeyInfo, { message, signature }, digest)) return signature;
      throw new RolesAnywhereError(
        'SIGNATURE_INVALID',
        'the signature that the private key made does not fit the certificate',
        {
          hints: ['the key is of another certificate, or it, its token or its driver is damaged'],
        },
      );
    },
  };
}
