import { RolesAnywhereError } from '../../../core/errors.ts';
import { formatPkcs11Uri, type Pkcs11Uri } from '../../pkcs11-uri.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { equalBytes, onlyElement, sequenceOf } from '../../x509/der.ts';
import { describePublicKey, publicKeyBytes } from '../../x509/public-key.ts';
import { verifySignature } from '../../x509/verify-signature.ts';
import type { Candidates } from './find-candidates.ts';
import { ambiguous, nameOfToken } from './find-token.ts';
import { type FileCertificates, type PairSource, tokenSourcesOf } from './pkcs11-options.ts';
import {
  type CertificateReader,
  findCertificates,
  findKeys,
  findPublicKeyInfo,
  type FoundKeys,
  type TokenCertificate,
  type TokenKey,
} from './token-objects.ts';

/** A certificate that may be the key's: on a token, or one of a file. */
export type CandidateCertificate =
  | TokenCertificate
  | { readonly certificate: Certificate; readonly file: FileCertificates };

export interface TokenPairChoice {
  readonly source: PairSource;
  readonly found: Candidates;
  readonly reader: CertificateReader;
  /** Signs a message with SHA-256. */
  readonly sign: PairTests<CandidateCertificate>['sign'];
  /** Whether, of several certificates of the key, the one that expires last is taken. */
  readonly useLatestExpiring: boolean;
  readonly now: Date;
}

export interface ChosenPair {
  readonly key: TokenKey;
  /** Undefined where no certificate was asked for. */
  readonly candidate: CandidateCertificate | undefined;
}

/**
 * The one key, and the one certificate that belongs to it.
 *
 * @throws RolesAnywhereError PKCS11_NOT_FOUND, PKCS11_AMBIGUOUS, KEY_MISMATCH, KEY_UNSUPPORTED
 */
export async function chooseTokenPair(choice: TokenPairChoice): Promise<ChosenPair> {
  const { source, found, reader, sign } = choice;
  const { certificate } = source;
  if (certificate !== undefined && 'uri' in certificate && found.certificates.length === 0) {
    throw await certificateNotFound(certificate.option, reader);
  }
  const { keys } = found.keys;
  const { option } = tokenSourcesOf(source).key;
  if (keys.length === 0) throw await keyNotFound(option, reader, found.keys);
  if (certificate === undefined) return { key: onlyKey(keys, option), candidate: undefined };
  const candidates = 'uri' in certificate ? found.certificates : candidatesOf(certificate);
  const tests = { sign, areTogether: togetherOn(reader) };
  return onlyPair(choice, await findPairs(withoutCas(candidates), keys, tests), certificate.option);
}

/** By one CKA_ID on one token, or by a public key object that the token has beside the key. */
function togetherOn(reader: CertificateReader): PairTests<CandidateCertificate>['areTogether'] {
  return async (key, candidate) => {
    const isHere = 'token' in candidate && candidate.token.slot.id === reader.token.slot.id;
    if (isHere && key.id.length > 0 && equalBytes(key.id, candidate.id)) return true;
    const beside = await findPublicKeyInfo(reader.session, key);
    return beside !== undefined && hasSameKey(beside, candidate.certificate.publicKeyInfo);
  };
}

function candidatesOf(file: FileCertificates): readonly CandidateCertificate[] {
  return file.certificates.map((certificate) => ({ certificate, file }));
}

/** CA certificates are of no use here, and are often beside the leaf. */
function withoutCas(candidates: readonly CandidateCertificate[]): readonly CandidateCertificate[] {
  const leaves = candidates.filter(({ certificate }) => certificate.basicConstraints?.ca !== true);
  return leaves.length > 0 ? leaves : candidates;
}

function onlyKey(keys: readonly TokenKey[], option: string): TokenKey {
  const [key, ...others] = keys;
  if (key !== undefined && others.length === 0) return key;
  throw ambiguous(
    `${option}: ${keys.length} private keys match the PKCS#11 URI`,
    keys.map(({ uri }) => uri),
  );
}

type CandidatePair = TokenPair<CandidateCertificate>;

function onlyPair(choice: TokenPairChoice, pairs: readonly CandidatePair[], option: string): ChosenPair {
  const [pair, ...others] = pairs;
  if (pair === undefined) {
    refuseDamaged(choice.source);
    throw new RolesAnywhereError(
      'KEY_MISMATCH',
      `${option}: the certificate does not belong to the private key on the token`,
      { hints: ['compare them with pkcs11-tool --login --list-objects: certificate and key should have one ID'] },
    );
  }
  if (others.length === 0) return pair;
  return (choice.useLatestExpiring ? latestExpiring(pairs, choice.now) : undefined) ?? refuseSeveral(pairs, option);
}

/** Where no certificate of a file is for the key, one that cannot be read may be the one that is. */
function refuseDamaged({ certificate }: PairSource): void {
  const damaged = certificate !== undefined && 'damaged' in certificate ? certificate.damaged : undefined;
  const problem = damaged?.[0];
  if (problem === undefined) return;
  throw new RolesAnywhereError('CERTIFICATE_INVALID', `${certificate?.option} ${problem.message}`, problem.details);
}

/** Among the certificates that are valid now, if any is. */
function latestExpiring(pairs: readonly CandidatePair[], now: Date): CandidatePair | undefined {
  const valid = pairs.filter(
    ({ candidate: { certificate } }) => certificate.notBefore <= now && now <= certificate.notAfter,
  );
  return [...(valid.length > 0 ? valid : pairs)].sort((one, other) => expiryOf(other) - expiryOf(one))[0];
}

function expiryOf({ candidate: { certificate } }: CandidatePair): number {
  return certificate.notAfter.getTime();
}

function refuseSeveral(pairs: readonly CandidatePair[], option: string): never {
  const uris = pairs.flatMap(({ candidate }) => ('uri' in candidate ? [candidate.uri] : []));
  const { code, message, hints } = ambiguous(
    `${option}: ${pairs.length} certificates match, and each has its private key`,
    uris,
  );
  throw new RolesAnywhereError(code, message, {
    hints: [...hints, 'or take the one that expires last with --use-latest-expiring-certificate'],
  });
}

/** A token may hold hundreds of objects. */
const maxListed = 8;

/** What to say when no private key matches: the keys that are there. */
async function keyNotFound(
  option: string,
  { session, token }: CertificateReader,
  { unusable }: FoundKeys,
): Promise<RolesAnywhereError> {
  const where = nameOfToken(token.info);
  if (unusable.length > 0) {
    return new RolesAnywhereError(
      'KEY_UNSUPPORTED',
      `${option}: the private key on ${where} cannot be used: ${unusable[0]}`,
      {
        hints: ['use RSA, or EC on P-256, P-384 or P-521'],
      },
    );
  }
  const { keys } = await findKeys(session, token, {});
  return new RolesAnywhereError('PKCS11_NOT_FOUND', `${option}: no private key on ${where} matches the PKCS#11 URI`, {
    hints: listing(
      'no private key that can be used',
      keys.map(({ uri }) => uri),
    ),
  });
}

/** What to say when no certificate matches: the certificates that are there. */
async function certificateNotFound(option: string, reader: CertificateReader): Promise<RolesAnywhereError> {
  const where = nameOfToken(reader.token.info);
  const certificates = await findCertificates(reader, {});
  return new RolesAnywhereError('PKCS11_NOT_FOUND', `${option}: no certificate on ${where} matches the PKCS#11 URI`, {
    hints: [
      ...listing(
        'no certificate',
        certificates.map(({ uri }) => uri),
      ),
      'a certificate in a file can be used with a key on a token: --certificate leaf.pem',
    ],
  });
}

function listing(nothing: string, uris: readonly Pkcs11Uri[]): readonly string[] {
  if (uris.length === 0) return [`the token holds ${nothing}`];
  const more = uris.length > maxListed ? [`and ${uris.length - maxListed} more`] : [];
  return [...uris.slice(0, maxListed).map((uri) => `there is ${formatPkcs11Uri(uri)}`), ...more];
}

/** A certificate that may belong to a key: one of a token, or one of a file. */
export interface Candidate {
  readonly certificate: Certificate;
}

interface TokenPair<T extends Candidate> {
  readonly candidate: T;
  readonly key: TokenKey;
}

/** What else the token can be asked about a key. */
export interface PairTests<T extends Candidate> {
  /** Signs a message with SHA-256. */
  readonly sign: (key: TokenKey, message: Uint8Array) => Promise<Uint8Array>;
  /** Whether the token itself says, if not for certain, that the two belong together. */
  readonly areTogether: (key: TokenKey, candidate: T) => Promise<boolean>;
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
    const isTrusted = isOneOfEach && (key.alwaysAuthenticate || (await areAllTogether(key, possible, tests)));
    const proven = isTrusted ? possible : await prove(key, possible, tests);
    for (const candidate of proven) {
      if (!pairs.has(candidate)) pairs.set(candidate, { candidate, key });
    }
  }
  return [...pairs.values()];
}

async function areAllTogether<T extends Candidate>(
  key: TokenKey,
  candidates: readonly T[],
  { areTogether }: PairTests<T>,
): Promise<boolean> {
  for (const candidate of candidates) {
    if (!(await areTogether(key, candidate))) return false;
  }
  return true;
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
function hasSameKey(one: Uint8Array, other: Uint8Array): boolean {
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
