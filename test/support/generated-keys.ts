import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/**
 * A key pair made anew, which may be exported as JWK. The keys that generateKeyPair itself gives may not: their export holds the lock of the
 * key while it makes strings, and when garbage collection then comes to what generated the key, that waits for the same lock, and the process
 * stands still for ever (seen on Node 20.20, once in some hundred keys).
 *
 * @param kind bits of an RSA key, or a curve
 */
export function generatedKeys(kind: number | string): { publicKey: KeyObject; privateKey: KeyObject } {
  const pair =
    typeof kind === 'number'
      ? generateKeyPairSync('rsa', { modulusLength: kind })
      : generateKeyPairSync('ec', { namedCurve: kind });
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { publicKey: createPublicKey(pem), privateKey: createPrivateKey(pem) };
}
