import { RolesAnywhereError } from '../../../core/errors.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { equalBytes } from '../../x509/der.ts';
import type { Candidates } from './find-candidates.ts';
import { findPairs, hasSameKey, type TokenPair, type PairTests } from './find-pairs.ts';
import { ambiguous, nameOfToken } from './find-token.ts';
import { type FileCertificates, type PairSource, tokenSourcesOf } from './pkcs11-options.ts';
import { formatPkcs11Uri, type Pkcs11Uri } from '../../pkcs11-uri.ts';
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
    throw certificateNotFound(certificate.option, reader);
  }
  const { keys } = found.keys;
  const { option } = tokenSourcesOf(source).key;
  if (keys.length === 0) throw keyNotFound(option, reader, found.keys);
  if (certificate === undefined) return { key: onlyKey(keys, option), candidate: undefined };
  const candidates = 'uri' in certificate ? found.certificates : candidatesOf(certificate);
  const tests = { sign, areTogether: togetherOn(reader) };
  return onlyPair(choice, await findPairs(withoutCas(candidates), keys, tests), certificate.option);
}

/** By one CKA_ID on one token, or by a public key object that the token has beside the key. */
function togetherOn(reader: CertificateReader): PairTests<CandidateCertificate>['areTogether'] {
  return (key, candidate) => {
    const isHere = 'token' in candidate && candidate.token.slot.id === reader.token.slot.id;
    if (isHere && key.id.length > 0 && equalBytes(key.id, candidate.id)) return true;
    const beside = findPublicKeyInfo(reader.session, key);
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
function keyNotFound(
  option: string,
  { session, token }: CertificateReader,
  { unusable }: FoundKeys,
): RolesAnywhereError {
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
  const { keys } = findKeys(session, token, {});
  return new RolesAnywhereError('PKCS11_NOT_FOUND', `${option}: no private key on ${where} matches the PKCS#11 URI`, {
    hints: listing(
      'no private key that can be used',
      keys.map(({ uri }) => uri),
    ),
  });
}

/** What to say when no certificate matches: the certificates that are there. */
function certificateNotFound(option: string, reader: CertificateReader): RolesAnywhereError {
  const where = nameOfToken(reader.token.info);
  const certificates = findCertificates(reader, {});
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
