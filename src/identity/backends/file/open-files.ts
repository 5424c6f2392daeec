import { hasModes } from '../../../core/fs/read-file.ts';
import { openPlainKey } from '../../../runtime/node/plain-key.ts';
import type { ByteSource, IdentityContext, KeySource, SecretSource } from '../../identity.ts';
import { givesBytes } from '../sources.ts';
import { naming } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import type { SourceReader } from '../../read-source.ts';
import { type CertificateContents, type FileContents, keyAlone } from './file-contents.ts';
import type { OpenKey, PrivateKey } from '../../private-key.ts';
import { decodePem, isPem, pemBlocks } from './pem.ts';
import type { Lock } from './unlock.ts';

/** Where files are read from, and what opens them. */
export interface FileContext {
  readonly reader: SourceReader;
  readonly password: SecretSource | undefined;
  readonly context: IdentityContext;
}

/** Where private keys are read from. A file may hold one that only the TPM can use. */
export interface KeyFileContext extends FileContext {
  readonly openKey: OpenKey;
}

/**
 * The certificates of a file, at least one; of a PKCS#12 its keys too.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, PASSWORD_*
 */
export function openCertificateFile(source: ByteSource, files: FileContext): Promise<FileContents> {
  return openCertificates(source, files, 'CERTIFICATE', lockOf(source, files));
}

/**
 * Intermediate certificates, at least one.
 *
 * @throws RolesAnywhereError CHAIN_UNREADABLE, CHAIN_INVALID
 */
export function openChainFile(source: ByteSource, files: FileContext): Promise<CertificateContents> {
  return openCertificates(source, files, 'CHAIN', undefined);
}

/** Certificates that cannot be read, beside others that can, are named to somebody who looks for a fault. */
async function openCertificates(
  source: ByteSource,
  { reader, context: { debug } }: FileContext,
  kind: 'CERTIFICATE' | 'CHAIN',
  lock: Lock | undefined,
): Promise<FileContents> {
  const { bytes } = await reader.read(source, `${kind}_UNREADABLE`);
  const found = await naming(source, `${kind}_INVALID`, () => readCertificateFile(bytes, lock));
  if (debug && found.damaged.length > 0) (await import('./explain-file.ts')).passedOver(source, found).forEach(debug);
  return found;
}

/**
 * The private key of a file or of a store of keys; of a PKCS#12 all of them, at least one, and its certificates.
 *
 * @param certificates of the certificate's own source
 * @throws RolesAnywhereError KEY_UNREADABLE, KEY_INVALID, KEY_UNSUPPORTED, PASSWORD_*, TPM_*, SSH_AGENT_*
 */
export async function openKeyFile(
  source: KeySource,
  files: KeyFileContext,
  certificates: readonly Certificate[] = [],
): Promise<FileContents> {
  if (!givesBytes(source)) return keyAlone(await files.openKey(source, { certificates }));
  const { bytes } = await files.reader.read(source, 'KEY_UNREADABLE');
  const lock = lockOf(source, files, 'the private key ');
  return naming(source, 'KEY_INVALID', () =>
    readKeyFile(bytes, lock, (content) => files.openKey(source, { bytes: content, certificates })),
  );
}

function lockOf(source: ByteSource, { password, context }: FileContext, what = ''): Lock {
  return { source, what, password, context };
}

/**
 * Every certificate of a file, in its order; of a PKCS#12 its keys too. PEM with certificates that can all be read is
 * read here, and everything else by a file that is loaded only then.
 *
 * @param lock undefined: a PKCS#12 is refused
 * @throws Problem when there is none that can be read
 */
async function readCertificateFile(bytes: Buffer, lock: Lock | undefined): Promise<FileContents> {
  const certificates = readPlainCertificates(bytes);
  if (certificates !== undefined) return { certificates, damaged: [], keys: [] };
  const { readAnyCertificateFile } = await import('./certificate-forms.ts');
  return readAnyCertificateFile(bytes, lock);
}

function readPlainCertificates(bytes: Buffer): readonly Certificate[] | undefined {
  const own = isPem(bytes) ? pemBlocks(bytes).filter(({ label }) => label.endsWith('CERTIFICATE')) : [];
  if (own.length === 0 || !own.every(({ label }) => label === 'CERTIFICATE')) return undefined;
  try {
    return own.map((block) => parseX509(decodePem(block)));
  } catch {
    // Which one it was is found again.
    return undefined;
  }
}

/**
 * Reads the private key of a file: the first one, where there are several; of a PKCS#12 all of them, and its
 * certificates.
 *
 * A plain PEM key is opened as it stands; everything else is left to a file that is loaded only then.
 *
 * @param openTpmKey for a file that holds a key of the TPM
 * @throws Problem KEY_INVALID, KEY_UNSUPPORTED, or what `lock` and `openTpmKey` throw
 */
async function readKeyFile(
  bytes: Buffer,
  lock: Lock,
  openTpmKey: (bytes: Buffer) => Promise<PrivateKey>,
): Promise<FileContents> {
  const key = await readPlainKey(bytes);
  if (key !== undefined) return keyAlone(key);
  const { readAnyKeyFile } = await import('./key-forms.ts');
  return readAnyKeyFile(bytes, lock, openTpmKey);
}

const plainLabels: ReadonlySet<string> = new Set(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']);

async function readPlainKey(bytes: Buffer): Promise<PrivateKey | undefined> {
  if (!isPem(bytes)) return undefined;
  const block = pemBlocks(bytes).find(({ label }) => label.endsWith('PRIVATE KEY'));
  return block !== undefined && plainLabels.has(block.label) ? openPlainKey(block) : undefined;
}

/** Permission of group and others to read the key, or to put another one there. */
const openToOthers = 0o066;

/** Warns about a file that others may read or write, once a private key was found in it. */
export async function warnIfExposed(source: KeySource, { reader, context: { warn } }: FileContext): Promise<void> {
  if (source.kind !== 'file') return;
  const { mode } = await reader.read(source, 'KEY_UNREADABLE');
  if (mode === undefined || (hasModes && (mode & openToOthers) === 0)) return;
  await (await import('./explain-file.ts')).warnOfOthers(source, hasModes ? mode : undefined, warn);
}
