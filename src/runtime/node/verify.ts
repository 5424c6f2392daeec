import { constants, type KeyObject, verify as verifyByNode } from 'node:crypto';
import type { SignedMessage } from '../../identity/x509/ml-dsa.ts';
import { openPublicKey } from '../../identity/x509/open-key.ts';
import { describePublicKey } from '../../identity/x509/public-key.ts';
import type { CertificateSignature } from '../../identity/x509/signature-algorithm.ts';

/** Whether a signature fits the message and the public key: a DER SubjectPublicKeyInfo. */
export async function verify(
  publicKeyInfo: Uint8Array,
  signed: SignedMessage,
  scheme: CertificateSignature,
): Promise<boolean> {
  const key = openPublicKey(publicKeyInfo);
  if (key !== undefined) return fits(key, signed, scheme);
  const description = describePublicKey(publicKeyInfo);
  if (description.family !== 'ML-DSA') return false;
  const { verifyMlDsa } = await import('../../identity/x509/ml-dsa.ts');
  return verifyMlDsa(publicKeyInfo, signed);
}

function fits(key: KeyObject, { message, signature }: SignedMessage, scheme: CertificateSignature): boolean {
  const padding =
    scheme.pssSaltLength === undefined
      ? {}
      : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.pssSaltLength };
  try {
    const hash = key.asymmetricKeyType?.startsWith('ml-dsa') === true ? undefined : scheme.hash;
    return verifyByNode(hash, message, { key, ...padding }, signature);
  } catch {
    // A hash that this OpenSSL does not have, or an algorithm that does not go with the key.
    return false;
  }
}
