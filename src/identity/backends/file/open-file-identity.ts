import type { ByteSource, IdentityContext, KeySource, SecretSource, SigningIdentity } from '../../identity.ts';
import { givesBytes, isSameSource } from '../sources.ts';
import { naming } from '../../problem.ts';
import { sourceReader } from '../../read-source.ts';
import type { OpenKey } from '../../private-key.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { chainOf, findIssuers, isSame } from '../../x509/chain.ts';
import { checkLeaf } from '../../x509/check-leaf.ts';
import { choosePair } from './choose-pair.ts';
import {
  type FileContext,
  type KeyFileContext,
  openCertificateFile,
  openChainFile,
  openKeyFile,
} from './open-files.ts';
import type { FileContents } from './file-contents.ts';
import { warnIfExposed } from './warn-if-exposed.ts';

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
  const { keys, certificates: others } = await openKeys(source, own, files);
  await warnIfExposed(source.privateKey, files);
  try {
    return await pairUp(source, { own, keys, others }, files);
  } catch (error) {
    for (const key of keys) await key.close?.();
    throw error;
  }
}

/** Those of the certificate's file, where that is the key's as well, and has some. */
function openKeys(source: FileIdentitySource, own: FileContents, files: KeyFileContext): Promise<FileContents> {
  const isCombined = isSameSource(source.certificate, source.privateKey);
  if (!isCombined || (own.keys.length === 0 && own.keyProblem === undefined)) {
    return openKeyFile(source.privateKey, files);
  }
  return naming(source.privateKey, 'KEY_INVALID', () => {
    if (own.keyProblem !== undefined) throw own.keyProblem;
    return own;
  });
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
    files.context.warn((await import('./notices.ts')).strangers(source.intermediates, intermediates));
  }
  const chain = await naming(source.intermediates ?? source.certificate, 'CHAIN_INVALID', () => chainOf(issuers));
  return { certificate, chain, signer: key.signer, close: key.close ?? (() => Promise.resolve()) };
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
