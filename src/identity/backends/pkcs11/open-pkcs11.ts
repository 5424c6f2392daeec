import { RolesAnywhereError } from '../../../core/errors.ts';
import type {
  ByteSource,
  IdentityContext,
  IdentitySource,
  KeySource,
  NamedText,
  Pkcs11Settings,
  SignerSource,
  SigningIdentity,
} from '../../identity.ts';
import { parsePkcs11Uri, formatPkcs11Uri } from '../../pkcs11-uri.ts';
import { naming } from '../../problem.ts';
import { type SourceReader, sourceReader } from '../../read-source.ts';
import type { OpenedSigner, Signer } from '../../signer.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { chainOf, findIssuers } from '../../x509/chain.ts';
import { checkLeaf } from '../../x509/check-leaf.ts';
import type { CertificateSearch, ListedCertificate } from '../backend.ts';
import { openCertificateFile, openChainFile } from '../file/open-files.ts';
import { givesBytes, locationOf } from '../sources.ts';
import { explaining } from './cryptoki.ts';
import { findPublicCertificates } from './find-candidates.ts';
import { findTokens, type FoundToken } from './find-token.ts';
import { openModule } from './open-module.ts';
import { openPair, type PairedCertificate } from './open-pair.ts';
import { Pin } from './pin.ts';
import {
  type FileCertificates,
  type ModuleChoice,
  type Pkcs11Options,
  type Pkcs11Source,
  type PairSource,
  tokenSourcesOf,
} from './pkcs11-options.ts';
import { filterOf, findCertificates, type TokenCertificate } from './token-objects.ts';

/** Opens an identity whose key is on a token, its certificate there too or in a file. */
export async function openTokenIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  await context.isolateOutput?.();
  const reader = sourceReader(context);
  try {
    const files = { reader, context, password: source.keyPassword };
    const intermediates =
      source.intermediates === undefined ? [] : (await openChainFile(source.intermediates, files)).certificates;
    const pair = await pairOf(source, { reader, context });
    return await openPkcs11Identity({ ...pair, intermediates }, pkcs11OptionsOf(source.pkcs11), context);
  } finally {
    reader.wipe();
  }
}

/** Opens a key on a token to sign with, alone or with its certificate. */
export async function openTokenSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  await context.isolateOutput?.();
  const { certificate } = source;
  const options = pkcs11OptionsOf(source.pkcs11);
  if (certificate === undefined) {
    return openPkcs11Signer({ privateKey: onToken(source.privateKey) }, options, context);
  }
  const reader = sourceReader(context);
  try {
    return await openPkcs11Signer(await pairOf({ ...source, certificate }, { reader, context }), options, context);
  } finally {
    reader.wipe();
  }
}

/** Every certificate that a PKCS#11 URI matches, on all tokens that it matches. Nobody is asked for a PIN. */
export async function listTokenCertificates(
  { certificate, pkcs11 }: CertificateSearch,
  context: IdentityContext,
): Promise<readonly ListedCertificate[]> {
  await context.isolateOutput?.();
  return listPkcs11Certificates(onToken(certificate), pkcs11OptionsOf(pkcs11), context);
}

type PairSources = Pick<IdentitySource, 'certificate' | 'privateKey' | 'keyPassword'>;

interface Reading {
  readonly reader: SourceReader;
  readonly context: IdentityContext;
}

type PairToOpen =
  | { readonly certificate: Pkcs11Source; readonly privateKey?: Pkcs11Source }
  | { readonly certificate: FileCertificates; readonly privateKey: Pkcs11Source };

async function pairOf(source: PairSources, reading: Reading): Promise<PairToOpen> {
  const { certificate, privateKey } = source;
  if (givesBytes(certificate)) {
    return { certificate: await readFile(certificate, source, reading), privateKey: onToken(privateKey) };
  }
  const onlyCertificate = { certificate: onToken(certificate) };
  return privateKey === undefined ? onlyCertificate : { ...onlyCertificate, privateKey: onToken(privateKey) };
}

async function readFile(
  source: ByteSource,
  { keyPassword: password }: PairSources,
  { reader, context }: Reading,
): Promise<FileCertificates> {
  const { certificates, damaged } = await openCertificateFile(source, { reader, password, context });
  return { option: locationOf(source), certificates, damaged: damaged.map(({ problem }) => problem) };
}

function onToken(source: KeySource | undefined): Pkcs11Source {
  if (source?.kind === 'pkcs11') return { option: source.option, uri: parsePkcs11Uri(source.uri, source.option) };
  throw notTogether(source);
}

function notTogether(source: KeySource | undefined): RolesAnywhereError {
  return new RolesAnywhereError(
    'OPTION_CONFLICT',
    `${source?.option ?? 'the private key'} is not on a PKCS#11 token, and the other one of certificate and key is`,
    { hints: ['a key on a token goes with a certificate on a token or in a file'] },
  );
}

export function pkcs11OptionsOf(settings: Pkcs11Settings = {}): Pkcs11Options {
  const { module, defaultModule, pin, reusePin = false, useLatestExpiring = false } = settings;
  return {
    ...(module === undefined ? {} : { module: moduleOf(module) }),
    ...(defaultModule === undefined ? {} : { defaultModule: moduleOf(defaultModule) }),
    ...(pin === undefined ? {} : { pin }),
    reusePin,
    useLatestExpiring,
  };
}

function moduleOf({ option, text }: NamedText): ModuleChoice {
  return { option, path: text };
}

/** A key on a token; its certificate there too, or from a file. */
export type Pkcs11IdentitySource = (
  | { readonly certificate: Pkcs11Source; readonly privateKey?: Pkcs11Source }
  | { readonly certificate: FileCertificates; readonly privateKey: Pkcs11Source }
) & {
  /** More certificates that the chain may be made of, besides those of the token or file. */
  readonly intermediates?: readonly Certificate[];
};

/**
 * Opens an identity whose key stays on its token. Its session is open until `close`. The signer does not verify what the
 * token signs: wrap it with `verifiedSigner`.
 *
 * @throws RolesAnywhereError PKCS11_*, PIN_*, KEY_MISMATCH, KEY_UNSUPPORTED, CERTIFICATE_*, CHAIN_*, OPTION_INVALID,
 * OPTION_CONFLICT, PASSWORD_UNREADABLE
 */
export async function openPkcs11Identity(
  source: Pkcs11IdentitySource,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<SigningIdentity> {
  const { key, certificate } = await openPair({ source, options, context });
  try {
    if (certificate === undefined) throw new TypeError('a pair with a certificate was opened without one');
    const chain = await judge(certificate, source.intermediates ?? [], context);
    return { certificate: certificate.certificate, chain, signer: key, close: () => key.close() };
  } catch (error) {
    await key.close();
    throw error;
  }
}

function judge(
  { certificate, origin, possibleIssuers }: PairedCertificate,
  intermediates: readonly Certificate[],
  context: IdentityContext,
): Promise<readonly Certificate[]> {
  return naming(origin, 'CERTIFICATE_INVALID', async () => {
    await checkLeaf(certificate, context.now());
    return chainOf(await findIssuers(certificate, [...possibleIssuers, ...intermediates]));
  });
}

export interface Pkcs11Signer {
  /** Does not verify what the token signs: wrap it with `verifiedSigner`. */
  readonly signer: Signer;
  /** DER SubjectPublicKeyInfo: of the certificate, where one was given, else as the token tells it. */
  readonly publicKeyInfo: Uint8Array;
  close(): Promise<void>;
}

/**
 * Opens a key on a token, alone or with the certificate that it must belong to, which is not judged.
 *
 * @throws RolesAnywhereError as openPkcs11Identity, without CERTIFICATE_* and CHAIN_*
 */
export async function openPkcs11Signer(
  source: PairSource,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<Pkcs11Signer> {
  const { key, publicKeyInfo } = await openPair({ source, options, context });
  if (publicKeyInfo !== undefined) return { signer: key, publicKeyInfo, close: () => key.close() };
  await key.close();
  const { option } = tokenSourcesOf(source).key;
  throw new RolesAnywhereError('PKCS11_NOT_FOUND', `${option}: the token does not show the public half of the key`, {
    hints: ['without it signatures cannot be verified: give the certificate of the key with --certificate'],
  });
}

/**
 * The certificates that a URI matches, on all tokens that it matches. A PIN is used only where it was given, and only
 * where one token matches and shows nothing without it. Nobody is asked.
 *
 * @throws RolesAnywhereError PKCS11_*, PIN_*, OPTION_CONFLICT, PASSWORD_UNREADABLE
 */
export async function listPkcs11Certificates(
  source: Pkcs11Source,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<readonly ListedCertificate[]> {
  const module = await openModule([source], options, context.life);
  try {
    return await explaining(
      () => `${source.option}: listing the certificates`,
      async () => {
        const tokens = await findTokens(module, source);
        const found = await findPublicCertificates(tokens, source.uri, context.warn);
        const all = found.length > 0 ? found : await findHidden(tokens, source, options, context);
        return all.map(({ certificate, uri }) => ({ certificate, uri: formatPkcs11Uri(uri) }));
      },
    );
  } finally {
    await module.release();
  }
}

/** Certificates with CKA_PRIVATE show only after the login. */
async function findHidden(
  tokens: readonly FoundToken[],
  { uri }: Pkcs11Source,
  options: Pkcs11Options,
  context: IdentityContext,
): Promise<readonly TokenCertificate[]> {
  const [token, ...others] = tokens;
  const pinSource = uri.pin ?? options.pin;
  if (token === undefined || others.length > 0 || pinSource === undefined) return [];
  const session = await token.slot.open();
  try {
    await new Pin({ source: pinSource, reuse: false, context }).logIn(session, token);
    return await findCertificates({ session, token, warn: context.warn }, filterOf(uri));
  } finally {
    await session.close();
  }
}
