import { RolesAnywhereError } from '../../../core/errors.ts';
import type { IdentityContext } from '../../identity.ts';
import { CryptokiError, explainFailure } from './cryptoki.ts';
import { ambiguous, findTokens, type FoundToken, nameOfToken, onlyToken } from './find-token.ts';
import type { OpenModule } from './open-module.ts';
import { type PairSource, type Pkcs11Source, tokenSourcesOf } from './pkcs11-options.ts';
import type { Pkcs11Uri } from '../../pkcs11-uri.ts';
import {
  type CertificateReader,
  filterOf,
  findCertificates,
  findKeys,
  type FoundKeys,
  type ObjectFilter,
  type TokenCertificate,
  type TokenKey,
} from './token-objects.ts';

/** Where a key is looked for, and what was found on the way there without a PIN. */
export interface LocatedToken {
  readonly token: FoundToken;
  /** Certificates that the certificate's URI matches: those on this token, if it has any. */
  readonly certificates: readonly TokenCertificate[];
  /** Whether the certificate's URI matches this token. */
  readonly mayHoldCertificate: boolean;
}

/**
 * Finds the one token of a key, so that the PIN goes to no other one. Several that match by name are told apart by their
 * certificates, which most tokens show without a PIN.
 *
 * @throws RolesAnywhereError PKCS11_NO_TOKEN, PKCS11_AMBIGUOUS, PKCS11_NOT_FOUND
 */
export async function locateToken(
  module: OpenModule,
  source: PairSource,
  warn: IdentityContext['warn'],
): Promise<LocatedToken> {
  const { key, certificate } = tokenSourcesOf(source);
  const keyTokens = await findTokens(module, key);
  if (certificate === undefined) {
    return { token: onlyToken(keyTokens, key.option), certificates: [], mayHoldCertificate: false };
  }
  const certificateTokens = certificate === key ? keyTokens : await findTokens(module, certificate);
  const certificates = await findPublicCertificates(certificateTokens, certificate.uri, warn);
  const token = chooseToken(keyTokens, certificates, key);
  const own = certificates.filter((found) => isSameSlot(found.token, token));
  const mayHoldCertificate = certificateTokens.some((other) => isSameSlot(other, token));
  if (certificates.length === 0 && !mayHoldCertificate) throw notShown(certificate.option, certificateTokens);
  return { token, certificates: own.length > 0 ? own : certificates, mayHoldCertificate };
}

function chooseToken(
  tokens: readonly FoundToken[],
  certificates: readonly TokenCertificate[],
  { option }: Pkcs11Source,
): FoundToken {
  const withCertificate = tokens.filter((token) => certificates.some((found) => isSameSlot(found.token, token)));
  if (withCertificate.length < 2) return onlyToken(withCertificate.length === 1 ? withCertificate : tokens, option);
  const message = `${option}: certificates on ${withCertificate.length} tokens match the PKCS#11 URI`;
  throw ambiguous(
    message,
    certificates.map(({ uri }) => uri),
  );
}

/** The PIN goes to the token of the key; other tokens show what they show without one. */
function notShown(option: string, tokens: readonly FoundToken[]): RolesAnywhereError {
  const where = tokens.map(({ info }) => nameOfToken(info)).join(' and ');
  return new RolesAnywhereError(
    'PKCS11_NOT_FOUND',
    `${option}: ${where} shows no certificate that matches the PKCS#11 URI`,
  );
}

function isSameSlot(one: FoundToken, other: FoundToken): boolean {
  return one.slot.id === other.slot.id;
}

/** What a token holds that may be meant. */
export interface Candidates {
  readonly keys: FoundKeys;
  readonly certificates: readonly TokenCertificate[];
}

/**
 * Finds keys and certificates by their URIs and by one another: what belongs together has the same CKA_ID (PKCS#11
 * v2.40, section 4.6.3), or at least the same label.
 *
 * @param reader with a session that is logged in
 * @param located with the certificates that were found without login
 */
export async function findCandidates(
  source: PairSource,
  reader: CertificateReader,
  located: LocatedToken,
): Promise<Candidates> {
  const { key, certificate } = tokenSourcesOf(source);
  const { certificates: known, mayHoldCertificate } = located;
  const isHidden = certificate !== undefined && mayHoldCertificate && known.length === 0;
  const found = isHidden ? await findCertificates(reader, filterOf(certificate.uri)) : known;
  const keys =
    key === certificate
      ? await findKeysByCertificate(reader, key.uri, found)
      : await findKeysByUri(reader, key.uri, found);
  return {
    keys,
    certificates: isHidden && found.length === 0 ? await findCertificatesByKey(reader, keys.keys) : found,
  };
}

/**
 * The certificates of several tokens that a URI matches, without a login. Of several tokens one that fails is left out,
 * for it need not be the one that is meant.
 */
export async function findPublicCertificates(
  tokens: readonly FoundToken[],
  uri: Pkcs11Uri,
  warn: CertificateReader['warn'],
): Promise<readonly TokenCertificate[]> {
  const found: TokenCertificate[] = [];
  for (const token of tokens) {
    try {
      found.push(...(await withReader(token, warn, (reader) => findCertificates(reader, filterOf(uri)))));
    } catch (error) {
      if (tokens.length === 1 || !(error instanceof CryptokiError)) throw error;
      warn(explainFailure(error, `reading the certificates of ${nameOfToken(token.info)}`).message);
    }
  }
  return found;
}

/** Reads certificates in a session of its own, not logged in. */
export async function withReader<T>(
  token: FoundToken,
  warn: CertificateReader['warn'],
  read: (reader: CertificateReader) => Promise<T>,
): Promise<T> {
  const session = await token.slot.open();
  try {
    return await read({ session, token, warn });
  } finally {
    await session.close();
  }
}

/** By a URI of the key's own, which may also name its certificate. One that names no object leaves that to the certificate. */
function findKeysByUri(
  reader: CertificateReader,
  uri: Pkcs11Uri,
  certificates: readonly TokenCertificate[],
): Promise<FoundKeys> {
  const filter = filterOf(uri);
  const byUri = (): Promise<FoundKeys> => findKeys(reader.session, reader.token, filter);
  return Object.keys(filter).length > 0
    ? firstFound([byUri, async () => findKeysOf(reader, await findCertificates(reader, filter), idOf)])
    : firstFound([() => findKeysOf(reader, certificates, idOf), byUri]);
}

/** By the certificates that a URI matched: their CKA_ID, else what the URI itself says, else their labels. */
function findKeysByCertificate(
  reader: CertificateReader,
  uri: Pkcs11Uri,
  certificates: readonly TokenCertificate[],
): Promise<FoundKeys> {
  return firstFound([
    () => findKeysOf(reader, certificates, idOf),
    () => findKeys(reader.session, reader.token, filterOf(uri)),
    () => findKeysOf(reader, certificates, labelOf),
  ]);
}

async function findCertificatesByKey(
  reader: CertificateReader,
  keys: readonly TokenKey[],
): Promise<readonly TokenCertificate[]> {
  const byId = await findCertificatesOf(reader, keys, idOf);
  return byId.length > 0 ? byId : findCertificatesOf(reader, keys, labelOf);
}

interface Named {
  readonly id: Uint8Array;
  readonly label: string;
}

type Trait = (object: Named) => ObjectFilter | undefined;

/** An object without CKA_ID says nothing by it. */
const idOf: Trait = ({ id }) => (id.length === 0 ? undefined : { id });
const labelOf: Trait = ({ label }) => (label === '' ? undefined : { label });

async function findKeysOf(
  { session, token }: CertificateReader,
  objects: readonly Named[],
  trait: Trait,
): Promise<FoundKeys> {
  const found: FoundKeys[] = [];
  for (const filter of filtersOf(objects, trait)) found.push(await findKeys(session, token, filter));
  return { keys: found.flatMap(({ keys }) => keys), unusable: found.flatMap(({ unusable }) => unusable) };
}

async function findCertificatesOf(
  reader: CertificateReader,
  objects: readonly Named[],
  trait: Trait,
): Promise<readonly TokenCertificate[]> {
  const found: TokenCertificate[] = [];
  for (const filter of filtersOf(objects, trait)) found.push(...(await findCertificates(reader, filter)));
  return found;
}

/** Each filter once. */
function filtersOf(objects: readonly Named[], trait: Trait): readonly ObjectFilter[] {
  const filters = new Map<string, ObjectFilter>();
  for (const object of objects) {
    const filter = trait(object);
    if (filter !== undefined) filters.set(filter.label ?? Buffer.from(filter.id ?? []).toString('hex'), filter);
  }
  return [...filters.values()];
}

/** The first search that finds a key. With it come the reasons why keys of the searches before cannot be used. */
async function firstFound(searches: readonly (() => Promise<FoundKeys>)[]): Promise<FoundKeys> {
  const unusable: string[] = [];
  for (const search of searches) {
    const found = await search();
    unusable.push(...found.unusable);
    if (found.keys.length > 0) return { keys: found.keys, unusable };
  }
  return { keys: [], unusable };
}
