import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { cannotSign, type PrivateKey } from '../../private-key.ts';
import { hashName, type SignatureAlgorithm } from '../../signer.ts';
import { openPublicKey } from '../../x509/open-key.ts';

const algorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  rsa: 'RSA',
  ec: 'ECDSA',
  'ml-dsa-44': 'ML-DSA',
  'ml-dsa-65': 'ML-DSA',
  'ml-dsa-87': 'ML-DSA',
};

/** A key of node:crypto; undefined for a type that Roles Anywhere does not know. */
export function localKey(key: KeyObject): PrivateKey | undefined {
  // Before Node 24.6 a key of an unknown type has no type at all.
  const algorithm = algorithms[key.asymmetricKeyType ?? ''];
  if (algorithm === undefined) return undefined;
  const publicKey = createPublicKey(key);
  return {
    signer: {
      algorithm,
      // eslint-disable-next-line typescript/require-await -- the seam is asynchronous, this key is not
      async sign(message, digest = 'SHA-256') {
        try {
          return sign(algorithm === 'ML-DSA' ? undefined : hashName(digest), message, key);
        } catch (cause) {
          throw cannotSign(cause);
        }
      },
    },
    publicKeyInfo: () => publicKey.export({ type: 'spki', format: 'der' }),
    // Comparing opened keys is faster than exporting, and takes compressed points for what they are.
    fits: ({ publicKeyInfo }) => areEqual(openPublicKey(publicKeyInfo), publicKey),
  };
}

/** Of keys of two types OpenSSL would leave an error behind. */
function areEqual(one: KeyObject | undefined, other: KeyObject): boolean {
  return one !== undefined && one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other);
}
