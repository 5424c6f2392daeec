import type { Certificate } from '../../x509/certificate.ts';
import { equalBytes } from '../../x509/der.ts';
import { describePublicKey } from '../../x509/public-key.ts';
import { publicKeyBytes } from '../../x509/public-key-bytes.ts';
import { verifySignature } from '../../x509/verify-signature.ts';
import type { TokenKey } from './token-keys.ts';

/** A certificate that may belong to a key: one of a token, or one of a file. */
export interface Candidate {
  readonly certificate: Certificate;
}

export interface Pair<T extends Candidate> {
  readonly candidate: T;
  readonly key: TokenKey;
}

/** Signs a message with a key of the token, with SHA-256. */
export type SignTest = (key: TokenKey, message: Uint8Array) => Promise<Uint8Array>;

/** Not a canonical request, nor anything else that somebody might want signed. */
const testMessage = Buffer.from('roles-anywhere: to which certificate does this key belong?');

/**
 * The certificates and keys that belong together, each certificate once.
 *
 * The public half decides where the token shows it. Else a test signature does, one for each key; but not where there is
 * one certificate and one key: the first signature is verified before it is used anyway, and on some tokens each one
 * costs a PIN or a touch.
 */
export async function findPairs<T extends Candidate>(
  candidates: readonly T[],
  keys: readonly TokenKey[],
  signTest: SignTest,
): Promise<readonly Pair<T>[]> {
  const distinct = candidates.filter((one, index) => index === candidates.findIndex((other) => isSame(one, other)));
  const isOneOfEach = distinct.length === 1 && keys.length === 1;
  const pairs = new Map<T, Pair<T>>();
  for (const key of keys) {
    const possible = distinct.filter(({ certificate }) => mayBelong(certificate, key));
    const proven = isOneOfEach ? possible : await prove(key, possible, signTest);
    for (const candidate of proven) {
      if (!pairs.has(candidate)) pairs.set(candidate, { candidate, key });
    }
  }
  return [...pairs.values()];
}

function isSame(one: Candidate, other: Candidate): boolean {
  return equalBytes(one.certificate.der, other.certificate.der);
}

/** False where the algorithm or the public half tells that they do not belong together. */
function mayBelong({ publicKeyInfo }: Certificate, key: TokenKey): boolean {
  const { family } = describePublicKey(publicKeyInfo);
  if (family !== (key.algorithm === 'RSA' ? 'RSA' : 'EC')) return false;
  return key.publicKeyInfo === undefined || hasSameKey(publicKeyInfo, key.publicKeyInfo);
}

/** Of the keys themselves, as the algorithm's parameters have more than one spelling. */
function hasSameKey(one: Uint8Array, other: Uint8Array): boolean {
  return equalBytes(publicKeyBytes(one), publicKeyBytes(other));
}

async function prove<T extends Candidate>(
  key: TokenKey,
  possible: readonly T[],
  signTest: SignTest,
): Promise<readonly T[]> {
  if (key.publicKeyInfo !== undefined || possible.length === 0) return possible;
  const signature = await signTest(key, testMessage);
  const proven: T[] = [];
  for (const candidate of possible) {
    const { publicKeyInfo } = candidate.certificate;
    if (await verifySignature(publicKeyInfo, { message: testMessage, signature })) proven.push(candidate);
  }
  return proven;
}
