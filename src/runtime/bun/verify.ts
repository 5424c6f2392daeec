/** The same as ../node/verify.ts by WebCrypto, as far as that knows the key and the scheme. */
import type { SignedMessage } from '../../identity/x509/ml-dsa.ts';
import { describePublicKey } from '../../identity/x509/public-key.ts';
import type { CertificateSignature } from '../../identity/x509/signature-algorithm.ts';
import { importParameters, rawSignature, subtleHashes, useParameters } from './subtle.ts';

export async function verify(
  publicKeyInfo: Uint8Array,
  signed: SignedMessage,
  scheme: CertificateSignature,
): Promise<boolean> {
  const verdict = await verifyBySubtle(publicKeyInfo, signed, scheme);
  return verdict ?? (await import('../node/verify.ts')).verify(publicKeyInfo, signed, scheme);
}

/** Undefined where somebody else has to judge. */
async function verifyBySubtle(
  publicKeyInfo: Uint8Array,
  { message, signature }: SignedMessage,
  { hash = '', pssSaltLength }: CertificateSignature,
): Promise<boolean | undefined> {
  const key = describePublicKey(publicKeyInfo);
  const name = subtleHashes[hash];
  if ((key.family !== 'RSA' && key.family !== 'EC') || name === undefined || pssSaltLength !== undefined) {
    return undefined;
  }
  try {
    const parameters = importParameters(key, name);
    const opened = await crypto.subtle.importKey('spki', publicKeyInfo, parameters, false, ['verify']);
    const raw = key.family === 'EC' ? rawSignature(signature, key.curve) : signature;
    return await crypto.subtle.verify(useParameters(key, name), opened, raw, message);
  } catch {
    return undefined;
  }
}
