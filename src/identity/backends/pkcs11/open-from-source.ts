import { RolesAnywhereError } from '../../../core/errors.ts';
import { parsePkcs11Uri } from '../../pkcs11-uri.ts';
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
import type { CertificateSearch, ListedCertificate } from '../backend.ts';
import type { OpenedSigner } from '../../signer.ts';
import { givesBytes, locationOf } from '../sources.ts';
import { type SourceReader, sourceReader } from '../../read-source.ts';
import { openCertificateFile, openChainFile } from '../file/open-files.ts';
import { listPkcs11Certificates, openPkcs11Identity, openPkcs11Signer } from './open-pkcs11.ts';
import type { FileCertificates, ModuleChoice, Pkcs11Options, Pkcs11Source } from './pkcs11-options.ts';

/** Opens an identity whose key is on a token, its certificate there too or in a file. */
export async function openTokenIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  await context.isolateOutput?.();
  const reader = sourceReader(context);
  try {
    const files = { reader, context, password: source.keyPassword };
    const intermediates =
      source.intermediates === undefined ? [] : (await openChainFile(source.intermediates, files)).certificates;
    const pair = await pairOf(source, { reader, context });
    return await openPkcs11Identity({ ...pair, intermediates }, optionsOf(source.pkcs11), context);
  } finally {
    reader.wipe();
  }
}

/** Opens a key on a token to sign with, alone or with its certificate. */
export async function openTokenSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  await context.isolateOutput?.();
  const { certificate } = source;
  const options = optionsOf(source.pkcs11);
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
  return listPkcs11Certificates(onToken(certificate), optionsOf(pkcs11), context);
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

function optionsOf(settings: Pkcs11Settings = {}): Pkcs11Options {
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
