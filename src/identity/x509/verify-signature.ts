import { verify } from '../../runtime/node/verify.ts';
import { type Digest, hashName } from '../signer.ts';
import type { Certificate } from './certificate.ts';
import { wholeBytesOf } from './der.ts';
import type { SignedMessage } from './ml-dsa.ts';
import { certificateParts } from './parse-certificate.ts';
import { readSignatureAlgorithm } from './signature-algorithm.ts';

/**
 * Whether a signature as Signer.sign makes it fits the message and the public key.
 *
 * @param digest for RSA and ECDSA, SHA-256 when not given
 */
export function verifySignature(
  publicKeyInfo: Uint8Array,
  signed: SignedMessage,
  digest: Digest = 'SHA-256',
): Promise<boolean> {
  return verify(publicKeyInfo, signed, { hash: hashName(digest) });
}

/** Whether `issuer`'s key made the signature on `certificate`. */
export async function isSignedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  const algorithm = readSignatureAlgorithm(certificate.signatureAlgorithm, certificate.signatureParameters);
  if (algorithm === undefined) return false;
  const [tbs, , signature] = certificateParts(certificate.der);
  return verify(issuer.publicKeyInfo, { message: tbs.encoded, signature: wholeBytesOf(signature) }, algorithm);
}
