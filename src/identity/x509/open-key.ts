import { createPrivateKey, createPublicKey, type KeyObject, type PrivateKeyInput } from 'node:crypto';

/** A private key, or undefined where node:crypto cannot read it. */
export function openPrivateKey(key: Buffer | PrivateKeyInput): KeyObject | undefined {
  return tryTwice(() => createPrivateKey(key));
}

/** A DER SubjectPublicKeyInfo, or undefined where node:crypto cannot read it. */
export function openSubjectPublicKey(publicKeyInfo: Uint8Array): KeyObject | undefined {
  return tryTwice(() => createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' }));
}

/**
 * Node takes an error that any other call left behind in OpenSSL's queue for one of the key that is being opened
 * (comparing keys of two types leaves one), and clears the queue by that: the second try tells the two apart.
 */
function tryTwice(open: () => KeyObject): KeyObject | undefined {
  try {
    return open();
  } catch {
    try {
      return open();
    } catch {
      return undefined;
    }
  }
}
