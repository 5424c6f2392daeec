import type { ByteSource, IdentityContext, KeySource, SecretSource, SigningIdentity } from '../../identity.ts';
import { bytesOf, givesBytes, isSameSource } from '../sources.ts';
import { naming } from '../../problem.ts';
import { sourceReader } from '../../read-source.ts';
import type { OpenKey, PrivateKey } from '../../private-key.ts';
import type { OpenedKey } from '../../signer.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { chainOf, findIssuers, isSame } from '../../x509/chain.ts';
import { checkLeaf } from '../../x509/check-leaf.ts';
import { choosePair } from './choose-pair.ts';
import { refuseUnsupported } from './judge-pairs.ts';
import {
  type FileContext,
  type KeyFileContext,
  openCertificateFile,
  openChainFile,
  openKeyFile,
  warnIfExposed,
} from './open-files.ts';
import type { FileContents } from './file-contents.ts';

/** Certificate, key and intermediates: bytes from somewhere, but for a key in a store of keys. */
export interface FileIdentitySource {
  readonly certificate: ByteSource;
  readonly privateKey: KeySource;
  readonly intermediates: ByteSource | undefined;
  readonly keyPassword: SecretSource | undefined;
}

/**
 * Opens an identity out of files: reads all, parses all, pairs key and certificate, judges the leaf, builds the chain,
 * in this order, so that the first fault is told first.
 *
 * @param openKey for a private key that a store holds, or a file that only the TPM can use
 * @throws RolesAnywhereError CERTIFICATE_*, CHAIN_*, KEY_*, PASSWORD_*, TPM_*
 */
export async function openFileIdentity(
  source: FileIdentitySource,
  context: IdentityContext,
  openKey: OpenKey,
): Promise<SigningIdentity> {
  const reader = sourceReader(context);
  try {
    return await openFrom(source, { reader, password: source.keyPassword, openKey, context });
  } finally {
    reader.wipe();
  }
}

async function openFrom(source: FileIdentitySource, files: KeyFileContext): Promise<SigningIdentity> {
  await readAll(source, files);
  const own = await openCertificateFile(source.certificate, files);
  const holdsKey = own.keys.length > 0 || own.keyProblem !== undefined;
  const isCombined = holdsKey && isSameSource(source.certificate, source.privateKey);
  const { keys, certificates: others } = isCombined
    ? own
    : await openKeyFile(source.privateKey, files, own.certificates);
  await warnIfExposed(source.privateKey, files);
  try {
    return await pairUp(source, { own, keys, others }, files);
  } catch (error) {
    for (const key of keys) await key.close?.();
    throw error;
  }
}

/** What was read, and belongs together in one way or another. */
interface Opened {
  /** Of the certificate's file. */
  readonly own: FileContents;
  readonly keys: FileContents['keys'];
  /** Of the key's file. */
  readonly others: FileContents['certificates'];
}

/** Pairs key and certificate, judges the leaf and builds its chain. */
export async function pairUp(
  source: FileIdentitySource,
  { own, keys, others }: Opened,
  files: FileContext,
): Promise<SigningIdentity> {
  const intermediates = source.intermediates && (await openChainFile(source.intermediates, files));
  const now = files.context.now();
  const { certificate, key } = await choosePair({ ...own, keys, source, now });
  await naming(source.certificate, 'CERTIFICATE_INVALID', () => checkLeaf(certificate, now));
  const issuers = await findIssuers(certificate, [
    ...own.certificates,
    ...(intermediates?.certificates ?? []),
    ...others,
  ]);
  if (source.intermediates && intermediates && !isAnyOf(intermediates.certificates, issuers)) {
    files.context.warn((await import('./explain-file.ts')).strangers(source.intermediates, intermediates));
  }
  const chain = await naming(source.intermediates ?? source.certificate, 'CHAIN_INVALID', () => chainOf(issuers));
  return { certificate, chain, signer: key.signer, close: closerOf(key) };
}

/** Before any of it is parsed, so that a missing file is told rather than a password asked for. */
async function readAll(source: FileIdentitySource, { reader }: FileContext): Promise<void> {
  await reader.read(source.certificate, 'CERTIFICATE_UNREADABLE');
  const { privateKey } = source;
  if (givesBytes(privateKey)) await reader.read(privateKey, 'KEY_UNREADABLE');
  if (source.intermediates !== undefined) await reader.read(source.intermediates, 'CHAIN_UNREADABLE');
}

function isAnyOf(some: readonly Certificate[], others: readonly Certificate[]): boolean {
  return some.some((one) => others.some((other) => isSame(one, other)));
}

/** A private key, alone or with the certificate that it must belong to. */
export interface FileSignerSource {
  readonly certificate: ByteSource | undefined;
  readonly privateKey: KeySource;
  readonly keyPassword: SecretSource | undefined;
}

/**
 * Opens a private key without judging its certificate.
 *
 * @param openKey as of openFileIdentity
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_*, PASSWORD_*, TPM_*
 */
export async function openFileSigner(
  source: FileSignerSource,
  context: IdentityContext,
  openKey: OpenKey,
): Promise<OpenedKey> {
  const reader = sourceReader(context);
  try {
    return await openSignerFrom(source, { reader, password: source.keyPassword, openKey, context });
  } finally {
    reader.wipe();
  }
}

async function openSignerFrom(
  { certificate, privateKey }: FileSignerSource,
  files: KeyFileContext,
): Promise<OpenedKey> {
  const ofKey = await openKeyFile(privateKey, files, await certificatesFor(privateKey, certificate, files));
  const { keys } = ofKey;
  await warnIfExposed(privateKey, files);
  try {
    const isOwn = certificate === undefined || (ofKey.certificates.length > 0 && isSameSource(certificate, privateKey));
    const found = isOwn ? ofKey : await openCertificateFile(certificate, files);
    const [key] = keys;
    if (found.certificates.length === 0 && key !== undefined && keys.length === 1)
      return await bareSigner(key, privateKey);
    const source = { certificate: certificate ?? bytesOf(privateKey), privateKey };
    const pair = await choosePair({ ...found, keys, source, now: files.context.now() });
    return { signer: pair.key.signer, publicKeyInfo: pair.certificate.publicKeyInfo, close: closerOf(pair.key) };
  } catch (error) {
    for (const key of keys) await key.close?.();
    throw error;
  }
}

/** Those by which a store finds its key. A key file goes without. */
async function certificatesFor(
  privateKey: KeySource,
  certificate: ByteSource | undefined,
  files: KeyFileContext,
): Promise<readonly Certificate[]> {
  if (certificate === undefined || givesBytes(privateKey)) return [];
  return (await openCertificateFile(certificate, files)).certificates;
}

function closerOf(key: PrivateKey): () => Promise<void> {
  return key.close ?? (() => Promise.resolve());
}

function bareSigner(key: PrivateKey, source: KeySource): Promise<OpenedKey> {
  return naming(source, 'KEY_INVALID', () => {
    const publicKeyInfo = key.publicKeyInfo();
    refuseUnsupported(publicKeyInfo);
    return { signer: key.signer, publicKeyInfo, close: closerOf(key) };
  });
}
