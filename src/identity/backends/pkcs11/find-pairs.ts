import type { Certificate } from '../../x509/certificate.ts';
import { equalBytes, onlyElement, sequenceOf } from '../../x509/der.ts';
import { describePublicKey, publicKeyBytes } from '../../x509/public-key.ts';
import { verifySignature } from '../../x509/verify-signature.ts';
import type { TokenKey } from './token-objects.ts';

/** A certificate that may belong to a key: one of a token, or one of a file. */
export interface Candidate {
  readonly certificate: Certificate;
}

export interface TokenPair<T extends Candidate> {
  readonly candidate: T;
  readonly key: TokenKey;
}

/** What else the token can be asked about a key. */
export interface PairTests<T extends Candidate> {
  /** Signs a message with SHA-256. */
  readonly sign: (key: TokenKey, message: Uint8Array) => Promise<Uint8Array>;
  /** Whether the token itself says, if not for certain, that the two belong together. */
  readonly areTogether: (key: TokenKey, candidate: T) => boolean;
}

/** Not a canonical request, nor anything else that somebody might want signed. */
const testMessage = Buffer.from('roles-anywhere: to which certificate does this key belong?');

/**
 * The certificates and keys that belong together, each certificate once.
 *
 * The public half decides where the token shows it. Else a test signature does, one for each key; but not where there is
 * one certificate and one key, and the token puts them together or wants a PIN for each signature: the first signature is
 * verified before it is used anyway, and some tokens want a touch for each.
 */
export async function findPairs<T extends Candidate>(
  candidates: readonly T[],
  keys: readonly TokenKey[],
  tests: PairTests<T>,
): Promise<readonly TokenPair<T>[]> {
  const distinct = candidates.filter((one, index) => index === candidates.findIndex((other) => isSame(one, other)));
  const isOneOfEach = distinct.length === 1 && keys.length === 1;
  const pairs = new Map<T, TokenPair<T>>();
  for (const key of keys) {
    const possible = distinct.filter(({ certificate }) => mayBelong(certificate, key));
    const isTrusted =
      isOneOfEach && (key.alwaysAuthenticate || possible.every((candidate) => tests.areTogether(key, candidate)));
    const proven = isTrusted ? possible : await prove(key, possible, tests);
    for (const candidate of proven) {
      if (!pairs.has(candidate)) pairs.set(candidate, { candidate, key });
    }
  }
  return [...pairs.values()];
}

function isSame(one: Candidate, other: Candidate): boolean {
  return equalBytes(one.certificate.der, other.certificate.der);
}

/** False where the algorithm, the curve, the modulus or the public half tells that they do not belong together. */
function mayBelong({ publicKeyInfo }: Certificate, key: TokenKey): boolean {
  const description = describePublicKey(publicKeyInfo);
  if (key.publicKeyInfo !== undefined) return hasSameKey(publicKeyInfo, key.publicKeyInfo);
  if (description.family === 'EC') return key.orderBytes === orderBytes[description.curve];
  if (description.family !== 'RSA' || key.algorithm !== 'RSA') return false;
  return key.modulus === undefined || equalBytes(key.modulus, modulusOf(publicKeyInfo));
}

const orderBytes = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const;

/** Of the keys themselves, as the algorithm's parameters have more than one spelling. */
export function hasSameKey(one: Uint8Array, other: Uint8Array): boolean {
  return equalBytes(publicKeyBytes(one), publicKeyBytes(other));
}

/** DER INTEGER. */
function modulusOf(publicKeyInfo: Uint8Array): Uint8Array {
  return sequenceOf(onlyElement(publicKeyBytes(publicKeyInfo)))[0]?.encoded ?? new Uint8Array();
}

async function prove<T extends Candidate>(
  key: TokenKey,
  possible: readonly T[],
  tests: PairTests<T>,
): Promise<readonly T[]> {
  const isTold = key.publicKeyInfo !== undefined || key.modulus !== undefined;
  if (isTold || possible.length === 0) return possible;
  const signature = await tests.sign(key, testMessage);
  const proven: T[] = [];
  for (const candidate of possible) {
    const { publicKeyInfo } = candidate.certificate;
    if (await verifySignature(publicKeyInfo, { message: testMessage, signature })) proven.push(candidate);
  }
  return proven;
}
