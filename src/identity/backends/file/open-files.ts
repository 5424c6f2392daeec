import type { ByteSource, IdentityContext, KeySource, SecretSource } from '../../identity.ts';
import { givesBytes } from '../sources.ts';
import { naming, type Problem } from '../../problem.ts';
import type { SourceReader } from '../../source-reader.ts';
import { readCertificates } from './certificate-file.ts';
import type { CertificateContents } from './damaged-certificates.ts';
import { isPkcs12 } from './is-pkcs12.ts';
import type { OpenKey, PrivateKey } from '../../private-key.ts';
import type { readPkcs12 } from './pkcs12.ts';
import { readPrivateKey } from './read-private-key.ts';
import type { Lock } from './unlock.ts';

/** What a file holds; a PKCS#12 both, others one of them. */
export interface FileContents extends CertificateContents {
  readonly keys: readonly PrivateKey[];
  /** Why there are none, where the file holds some. */
  readonly keyProblem?: Problem | undefined;
}

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
  return openCertificates(source, files, 'CERTIFICATE', async (bytes) =>
    isPkcs12(bytes)
      ? openPkcs12('certificate', bytes, lockOf(source, files))
      : { ...(await readCertificates(bytes)), keys: [] },
  );
}

/**
 * Intermediate certificates, at least one.
 *
 * @throws RolesAnywhereError CHAIN_UNREADABLE, CHAIN_INVALID
 */
export function openChainFile(source: ByteSource, files: FileContext): Promise<CertificateContents> {
  return openCertificates(source, files, 'CHAIN', readCertificates);
}

/** Certificates that cannot be read, beside others that can, are named to somebody who looks for a fault. */
async function openCertificates<T extends CertificateContents>(
  source: ByteSource,
  { reader, context: { debug } }: FileContext,
  kind: 'CERTIFICATE' | 'CHAIN',
  read: (bytes: Buffer) => Promise<T>,
): Promise<T> {
  const { bytes } = await reader.read(source, `${kind}_UNREADABLE`);
  const found = await naming(source, `${kind}_INVALID`, () => read(bytes));
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
  return naming(source, 'KEY_INVALID', async () =>
    isPkcs12(bytes)
      ? openPkcs12('private key', bytes, lockOf(source, files))
      : keyAlone(
          await readPrivateKey(bytes, lockOf(source, files, 'the private key '), () => files.openKey(source, bytes)),
        ),
  );
}

function keyAlone(key: PrivateKey): FileContents {
  return { certificates: [], damaged: [], keys: [key] };
}

async function openPkcs12(...given: Parameters<typeof readPkcs12>): Promise<FileContents> {
  return (await import('./pkcs12.ts')).readPkcs12(...given);
}

function lockOf(source: ByteSource, { password, context }: FileContext, what = ''): Lock {
  return { source, what, password, context };
}
