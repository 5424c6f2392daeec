import { constants, type KeyObject, verify } from 'node:crypto';
import { type Digest, hashName } from '../signer.ts';
import type { Certificate } from './certificate.ts';
import { wholeBytesOf } from './der.ts';
import { openSubjectPublicKey } from './open-key.ts';
import type { SignedMessage } from './ml-dsa.ts';
import { certificateParts } from './parse-certificate.ts';
import { describePublicKey } from './public-key.ts';
import { readSignatureAlgorithm } from './signature-algorithm.ts';

/** Opening a public key costs more than a P-256 verification, and the leaf's is asked for twice. */
const opened = new WeakMap<Uint8Array, KeyObject | undefined>();

/** A SubjectPublicKeyInfo as node:crypto has it; undefined where node:crypto does not know the algorithm. */
export function openPublicKey(publicKeyInfo: Uint8Array): KeyObject | undefined {
  if (!opened.has(publicKeyInfo)) opened.set(publicKeyInfo, tryPublicKey(publicKeyInfo));
  return opened.get(publicKeyInfo);
}

function tryPublicKey(publicKeyInfo: Uint8Array): KeyObject | undefined {
  const key = openSubjectPublicKey(publicKeyInfo);
  // Node 22 with OpenSSL 3.5 opens ML-DSA keys, and then has neither a name nor a use for them.
  return key?.asymmetricKeyType === undefined ? undefined : key;
}

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
  return verifyWith(publicKeyInfo, signed, { hash: hashName(digest) });
}

/** Whether `issuer`'s key made the signature on `certificate`. */
export async function isSignedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  const algorithm = readSignatureAlgorithm(certificate.signatureAlgorithm, certificate.signatureParameters);
  if (algorithm === undefined) return false;
  const [tbs, , signature] = certificateParts(certificate.der);
  return verifyWith(
    issuer.publicKeyInfo,
    { message: tbs.encoded, signature: wholeBytesOf(signature) },
    { hash: algorithm.hash, pssSaltLength: algorithm.pssSaltLength },
  );
}

interface Scheme {
  readonly hash?: string | undefined;
  readonly pssSaltLength?: number | undefined;
}

async function verifyWith(publicKeyInfo: Uint8Array, signed: SignedMessage, scheme: Scheme): Promise<boolean> {
  const key = openPublicKey(publicKeyInfo);
  if (key !== undefined) return verifyByNode(key, signed, scheme);
  const description = describePublicKey(publicKeyInfo);
  if (description.family !== 'ML-DSA') return false;
  const { verifyMlDsa } = await import('./ml-dsa.ts');
  return verifyMlDsa(publicKeyInfo, signed);
}

function verifyByNode(key: KeyObject, { message, signature }: SignedMessage, scheme: Scheme): boolean {
  const padding =
    scheme.pssSaltLength === undefined
      ? {}
      : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.pssSaltLength };
  try {
    const hash = key.asymmetricKeyType?.startsWith('ml-dsa') === true ? undefined : scheme.hash;
    return verify(hash, message, { key, ...padding }, signature);
  } catch {
    // A hash that this OpenSSL does not have, or an algorithm that does not go with the key.
    return false;
  }
}
