import { RolesAnywhereError } from '../../../errors.ts';
import type { IdentityContext } from '../../identity.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { findPairs, latestExpiring, type Pair } from './choose-pair.ts';
import { explaining } from './explain-failure.ts';
import { type Candidates, findCandidates, withReader } from './find-candidates.ts';
import { ambiguous } from './find-token.ts';
import { HeldKey } from './held-key.ts';
import { type LocatedToken, locateToken } from './locate-token.ts';
import { certificateNotFound, keyNotFound } from './not-found.ts';
import { type OpenModule, openModule } from './open-module.ts';
import { Pin } from './pin.ts';
import { type FileCertificates, type PairSource, type Pkcs11Options, tokenSourcesOf } from './pkcs11-options.ts';
import { formatPkcs11Uri } from './pkcs11-uri.ts';
import { type LoggedIn, signWithKey } from './sign-with-key.ts';
import { type CertificateReader, findPossibleIssuers, type TokenCertificate } from './token-certificates.ts';
import type { TokenKey } from './token-keys.ts';

/** A key that is held open, and its certificate. */
export interface OpenPair {
  readonly key: HeldKey;
  /** DER SubjectPublicKeyInfo: of the certificate, or as the token tells it. Few tokens tell it of an EC key. */
  readonly publicKeyInfo: Uint8Array | undefined;
  /** Undefined where no certificate was asked for. */
  readonly certificate: PairedCertificate | undefined;
}

export interface PairedCertificate {
  readonly certificate: Certificate;
  /** For messages: `--certificate: pkcs11:…`. */
  readonly place: string;
  /** Certificates of its token or file, some of which may have issued it. */
  readonly possibleIssuers: readonly Certificate[];
}

interface Request {
  readonly source: PairSource;
  readonly options: Pkcs11Options;
  readonly context: IdentityContext;
}

/**
 * Finds the token, then logs in to it, then finds key and certificate.
 *
 * @throws RolesAnywhereError PKCS11_*, PIN_*, KEY_MISMATCH, KEY_UNSUPPORTED, OPTION_INVALID, OPTION_CONFLICT,
 * PASSWORD_UNREADABLE
 */
export async function openPair(request: Request): Promise<OpenPair> {
  const { key, certificate } = tokenSourcesOf(request.source);
  const sources = certificate === undefined ? [key] : [key, certificate];
  for (const { option, uri } of sources) refuseOtherType(option, uri.type);
  const module = await openModule(sources, request.options);
  try {
    return await explaining(`${key.option}: opening the key`, () => openIn(module, request));
  } catch (error) {
    module.release();
    throw error;
  }
}

async function openIn(module: OpenModule, request: Request): Promise<OpenPair> {
  const located = locateToken(module, request.source, request.context.warn);
  const session = located.token.slot.open();
  try {
    const login: LoggedIn = { session, token: located.token, pin: pinOf(request) };
    await login.pin.logIn(session, located.token);
    const { candidate, key } = await choose(request, located, login);
    const certificate = candidate === undefined ? undefined : describe(candidate, request, login);
    const { option } = tokenSourcesOf(request.source).key;
    return {
      key: new HeldKey({ module, login, key, option, now: request.context.now }),
      publicKeyInfo: certificate?.certificate.publicKeyInfo ?? key.publicKeyInfo,
      certificate,
    };
  } catch (error) {
    session.close();
    throw error;
  }
}

function pinOf({ source, options, context }: Request): Pin {
  const { key, certificate } = tokenSourcesOf(source);
  return new Pin({ source: key.uri.pin ?? certificate?.uri.pin ?? options.pin, reuse: options.reusePin, context });
}

/** Which object of a pair a URI's type names does not matter: the other one is found by it. */
function refuseOtherType(option: string, type: string | undefined): void {
  if (type === undefined || type === 'cert' || type === 'private') return;
  throw new RolesAnywhereError(
    'OPTION_INVALID',
    `${option} has a PKCS#11 URI with type=${type}, which is no key to sign with`,
    {
      hints: ['write type=cert or type=private, or leave it out'],
    },
  );
}

interface FileCandidate {
  readonly certificate: Certificate;
  readonly file: FileCertificates;
}

type AnyCandidate = TokenCertificate | FileCandidate;

interface Choice {
  readonly candidate: AnyCandidate | undefined;
  readonly key: TokenKey;
}

async function choose(request: Request, located: LocatedToken, login: LoggedIn): Promise<Choice> {
  const { source, context } = request;
  const reader: CertificateReader = { session: login.session, token: login.token, warn: context.warn };
  const found = findCandidates(source, reader, located.certificates);
  const { certificate } = source;
  if (certificate !== undefined && 'uri' in certificate && found.certificates.length === 0) {
    throw certificateNotFound(certificate.option, reader);
  }
  if (found.keys.keys.length === 0) throw keyNotFound(tokenSourcesOf(source).key.option, reader, found.keys);
  if (certificate === undefined) return { candidate: undefined, key: onlyKey(request, found) };
  const candidates = 'uri' in certificate ? found.certificates : candidatesOf(certificate);
  return onlyPair(request, await findPairs(withoutCas(candidates), found.keys.keys, signTest(login)));
}

function candidatesOf(file: FileCertificates): readonly AnyCandidate[] {
  return file.certificates.map((certificate) => ({ certificate, file }));
}

/** CA certificates are of no use here, and are often beside the leaf. */
function withoutCas(candidates: readonly AnyCandidate[]): readonly AnyCandidate[] {
  const leaves = candidates.filter(({ certificate }) => certificate.basicConstraints?.ca !== true);
  return leaves.length > 0 ? leaves : candidates;
}

function signTest(login: LoggedIn) {
  return (key: TokenKey, message: Uint8Array): Promise<Uint8Array> =>
    signWithKey(login, key, { message, digest: 'SHA-256', here: false });
}

function onlyKey({ source }: Request, { keys: { keys } }: Candidates): TokenKey {
  const [key, ...others] = keys;
  if (key !== undefined && others.length === 0) return key;
  const { option } = tokenSourcesOf(source).key;
  throw ambiguous(
    `${option}: ${keys.length} private keys match the PKCS#11 URI`,
    keys.map(({ uri }) => uri),
  );
}

function onlyPair({ source, options, context }: Request, pairs: readonly Pair<AnyCandidate>[]): Choice {
  const [pair, ...others] = pairs;
  const { option } = source.certificate ?? tokenSourcesOf(source).key;
  if (pair === undefined) {
    throw new RolesAnywhereError(
      'KEY_MISMATCH',
      `${option}: the certificate does not belong to the private key on the token`,
      {
        hints: ['compare them with pkcs11-tool --login --list-objects: certificate and key should have one ID'],
      },
    );
  }
  if (others.length === 0) return pair;
  const latest = options.useLatestExpiring ? latestExpiring(pairs, context.now()) : undefined;
  return latest ?? refuseSeveral(option, pairs);
}

function refuseSeveral(option: string, pairs: readonly Pair<AnyCandidate>[]): never {
  const uris = pairs.flatMap(({ candidate }) => ('uri' in candidate ? [candidate.uri] : []));
  const error = ambiguous(`${option}: ${pairs.length} certificates match, and each has its private key`, uris);
  throw new RolesAnywhereError(error.code, error.message, {
    hints: [...error.hints, 'or take the one that expires last with --use-latest-expiring-certificate'],
  });
}

function describe(candidate: AnyCandidate, { context }: Request, login: LoggedIn): PairedCertificate {
  const { certificate } = candidate;
  if ('file' in candidate) {
    return { certificate, place: candidate.file.option, possibleIssuers: candidate.file.certificates };
  }
  const { token, uri } = candidate;
  const read = (reader: CertificateReader): readonly Certificate[] => findPossibleIssuers(reader, certificate);
  const possibleIssuers =
    token.slot.id === login.token.slot.id
      ? read({ session: login.session, token, warn: context.warn })
      : withReader(token, context.warn, read);
  return { certificate, place: formatPkcs11Uri(uri), possibleIssuers };
}
