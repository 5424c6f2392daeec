import { RolesAnywhereError } from '../../../core/errors.ts';
import type { IdentityContext } from '../../identity.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { type CandidateCertificate, chooseTokenPair } from './choose-pair.ts';
import { explaining } from './cryptoki.ts';
import { findCandidates, type LocatedToken, locateToken, withReader } from './find-candidates.ts';
import { TokenSigner } from './token-signer.ts';
import { type OpenModule, openModule } from './open-module.ts';
import { Pin } from './pin.ts';
import { type PairSource, type Pkcs11Options, type Pkcs11Source, tokenSourcesOf } from './pkcs11-options.ts';
import { formatPkcs11Uri } from '../../pkcs11-uri.ts';
import { type LoggedIn, signWithKey } from './sign-with-key.ts';
import {
  type CertificateReader,
  findCertificates,
  findPossibleIssuers,
  findPublicKeyInfo,
  type TokenKey,
} from './token-objects.ts';

/** A key with an open session, and its certificate. */
export interface OpenPair {
  readonly key: TokenSigner;
  /** DER SubjectPublicKeyInfo: of the certificate, or as the token tells it; undefined where it does not. */
  readonly publicKeyInfo: Uint8Array | undefined;
  /** Undefined where no certificate was asked for. */
  readonly certificate: PairedCertificate | undefined;
}

export interface PairedCertificate {
  readonly certificate: Certificate;
  /** For messages: `--certificate: pkcs11:…`. */
  readonly origin: string;
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
  sources.forEach(refuseOtherType);
  const module = await openModule(sources, request.options, request.context.life);
  try {
    return await explaining(
      () => `${key.option}: opening the key`,
      () => openIn(module, request),
    );
  } catch (error) {
    await module.release();
    throw error;
  }
}

async function openIn(module: OpenModule, request: Request): Promise<OpenPair> {
  const { source, options, context } = request;
  const located = await locateToken(module, source, context.warn);
  const { token } = located;
  const session = await token.slot.open();
  try {
    const login: LoggedIn = { session, token, pin: pinFor(located, request) };
    await login.pin.logIn(session, token);
    const reader: CertificateReader = { session, token, warn: context.warn };
    const { key, candidate } = await chooseTokenPair({
      source,
      found: await findCandidates(source, reader, located),
      reader,
      sign: (key, message) => signWithKey(login, key, { message, digest: 'SHA-256' }),
      useLatestExpiring: options.useLatestExpiring,
      now: context.now(),
    });
    const certificate = candidate === undefined ? undefined : await withIssuers(candidate, source, reader);
    const { option } = tokenSourcesOf(source).key;
    return {
      key: new TokenSigner({ module, login, key, option }),
      publicKeyInfo: certificate?.certificate.publicKeyInfo ?? (await publicHalf(key, reader)),
      certificate,
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** The PIN in the URI of a certificate is for the token of the certificate, which need not be the key's. */
function pinFor({ mayHoldCertificate }: LocatedToken, { source, options, context }: Request): Pin {
  const { key, certificate } = tokenSourcesOf(source);
  const ofCertificate = mayHoldCertificate ? certificate?.uri.pin : undefined;
  return new Pin({ source: key.uri.pin ?? ofCertificate ?? options.pin, reuse: options.reusePin, context });
}

/** Whether it is right shows when the first signature is verified with it. */
async function publicHalf(key: TokenKey, reader: CertificateReader): Promise<Uint8Array | undefined> {
  const told = key.publicKeyInfo ?? (await findPublicKeyInfo(reader.session, key));
  if (told !== undefined || key.id.length === 0) return told;
  const [beside] = await findCertificates(reader, { id: key.id });
  return beside?.certificate.publicKeyInfo;
}

/** Which of a pair a URI's type names does not matter: the other one is found by it. */
function refuseOtherType({ option, uri: { type } }: Pkcs11Source): void {
  if (type === undefined || type === 'cert' || type === 'private') return;
  throw new RolesAnywhereError(
    'OPTION_INVALID',
    `${option} has a PKCS#11 URI with type=${type}, which is no key to sign with`,
    { hints: ['write type=cert or type=private, or leave it out'] },
  );
}

async function withIssuers(
  candidate: CandidateCertificate,
  source: PairSource,
  reader: CertificateReader,
): Promise<PairedCertificate> {
  const { certificate } = candidate;
  if ('file' in candidate) {
    return { certificate, origin: candidate.file.option, possibleIssuers: candidate.file.certificates };
  }
  const { token, uri } = candidate;
  const read = (reader: CertificateReader): Promise<readonly Certificate[]> => findPossibleIssuers(reader, certificate);
  const isHere = token.slot.id === reader.token.slot.id;
  return {
    certificate,
    origin: `${source.certificate?.option}: ${formatPkcs11Uri(uri)}`,
    possibleIssuers: await (isHere ? read(reader) : withReader(token, reader.warn, read)),
  };
}
