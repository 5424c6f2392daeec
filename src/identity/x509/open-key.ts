import { createPrivateKey, createPublicKey, type KeyObject, type PrivateKeyInput } from 'node:crypto';

/** A private key, or undefined where node:crypto cannot read it. */
export function openPrivateKey(key: Buffer | PrivateKeyInput): KeyObject | undefined {
  return tryTwice(() => createPrivateKey(key));
}

/** Opening a public key costs more than a P-256 verification, and the leaf's is asked for twice. */
const opened = new WeakMap<Uint8Array, KeyObject | undefined>();

/** A SubjectPublicKeyInfo as node:crypto has it; undefined where node:crypto does not know the algorithm. */
export function openPublicKey(publicKeyInfo: Uint8Array): KeyObject | undefined {
  if (!opened.has(publicKeyInfo)) opened.set(publicKeyInfo, tryPublicKey(publicKeyInfo));
  return opened.get(publicKeyInfo);
}

function tryPublicKey(publicKeyInfo: Uint8Array): KeyObject | undefined {
  const key = tryTwice(() => createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' }));
  // Node 22 with OpenSSL 3.5 opens ML-DSA keys, and then has neither a name nor a use for them.
  return key?.asymmetricKeyType === undefined ? undefined : key;
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
