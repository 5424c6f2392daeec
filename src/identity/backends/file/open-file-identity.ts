import type { ByteSource, IdentityContext, SecretSource, SigningIdentity } from '../../identity.ts';
import { isSameSource, naming, placeOf } from '../../problem.ts';
import { sourceReader } from '../../source-reader.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { chainOf, findIssuers, isSame } from '../../x509/chain.ts';
import { checkLeaf } from '../../x509/check-leaf.ts';
import { readCertificates } from './certificate-file.ts';
import { choosePair } from './choose-pair.ts';
import { type FileContext, openCertificateFile, openKeyFile } from './open-files.ts';
import { warnIfExposed } from './warn-if-exposed.ts';

/** Certificate, key and intermediates, all of them bytes from somewhere. */
export interface FileIdentitySource {
  readonly certificate: ByteSource;
  readonly privateKey: ByteSource;
  readonly intermediates: ByteSource | undefined;
  readonly keyPassword: SecretSource | undefined;
}

/**
 * Opens an identity out of files: reads all, parses all, pairs key and certificate, judges the leaf, builds the chain,
 * in this order, so that the first fault is told first.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, CHAIN_*, KEY_*, PASSWORD_*, OPTION_NOT_BUILT
 */
export async function openFileIdentity(source: FileIdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const reader = sourceReader(context.environment);
  try {
    return await openFrom(source, { reader, password: source.keyPassword, context });
  } finally {
    reader.wipe();
  }
}

async function openFrom(source: FileIdentitySource, files: FileContext): Promise<SigningIdentity> {
  await readAll(source, files);
  const own = await openCertificateFile(source.certificate, files);
  const isCombined = isSameSource(source.certificate, source.privateKey) && own.keys.length > 0;
  const { keys, certificates: others } = isCombined ? own : await openKeyFile(source.privateKey, files);
  const intermediates = source.intermediates === undefined ? [] : await openIntermediates(source.intermediates, files);
  const now = files.context.now();
  const { certificate, key } = await choosePair({ certificates: own.certificates, keys, source, now });
  await naming(placeOf(source.certificate), 'CERTIFICATE_INVALID', () => checkLeaf(certificate, now));
  const issuers = await findIssuers(certificate, [...own.certificates, ...intermediates, ...others]);
  if (source.intermediates !== undefined && !isAnyOf(intermediates, issuers)) {
    files.context.warn(`${placeOf(source.intermediates)} holds none of the certificates that issued the leaf`);
  }
  const chain = await naming(placeOf(source.intermediates ?? source.certificate), 'CHAIN_INVALID', () =>
    chainOf(issuers),
  );
  return { certificate, chain, signer: key.signer, close: () => Promise.resolve() };
}

/** Before any of it is parsed, so that a missing file is told rather than a password asked for. */
async function readAll(source: FileIdentitySource, { reader, context }: FileContext): Promise<void> {
  await reader.read(source.certificate, 'CERTIFICATE_UNREADABLE');
  const keyFile = await reader.read(source.privateKey, 'KEY_UNREADABLE');
  if (source.intermediates !== undefined) await reader.read(source.intermediates, 'CHAIN_UNREADABLE');
  warnIfExposed(source.privateKey, keyFile, context);
}

async function openIntermediates(source: ByteSource, { reader }: FileContext): Promise<readonly Certificate[]> {
  const { bytes } = await reader.read(source, 'CHAIN_UNREADABLE');
  return naming(placeOf(source), 'CHAIN_INVALID', () => readCertificates(bytes));
}

function isAnyOf(some: readonly Certificate[], others: readonly Certificate[]): boolean {
  return some.some((one) => others.some((other) => isSame(one, other)));
}
