import type { ByteSource, IdentityContext, KeySource, SecretSource } from '../../identity.ts';
import { givesBytes } from '../sources.ts';
import { naming } from '../../problem.ts';
import type { SourceReader } from '../../read-source.ts';
import { readCertificateFile } from './certificate-file.ts';
import type { CertificateContents, FileContents } from './file-contents.ts';
import type { OpenKey, PrivateKey } from '../../private-key.ts';
import { readKeyFile } from './key-file.ts';
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
  if (debug && found.damaged.length > 0) (await import('./notices.ts')).passedOver(source, found).forEach(debug);
  return found;
}

/**
 * The private key of a file or of a store of keys; of a PKCS#12 all of them, at least one, and its certificates.
 *
 * @throws RolesAnywhereError KEY_UNREADABLE, KEY_INVALID, KEY_UNSUPPORTED, PASSWORD_*, TPM_*
 */
export async function openKeyFile(source: KeySource, files: KeyFileContext): Promise<FileContents> {
  if (!givesBytes(source)) return keyAlone(await files.openKey(source));
  const { bytes } = await files.reader.read(source, 'KEY_UNREADABLE');
  const lock = lockOf(source, files, 'the private key ');
  return naming(source, 'KEY_INVALID', () => readKeyFile(bytes, lock, (content) => files.openKey(source, content)));
}

function keyAlone(key: PrivateKey): FileContents {
  return { certificates: [], damaged: [], keys: [key] };
}

function lockOf(source: ByteSource, { password, context }: FileContext, what = ''): Lock {
  return { source, what, password, context };
}
