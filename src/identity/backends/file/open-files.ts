import type { ByteSource, IdentityContext, SecretSource } from '../../identity.ts';
import type { FileKeySource } from '../../key-place.ts';
import { naming, Problem } from '../../problem.ts';
import type { OpenTpmKey } from '../../tpm-key-opener.ts';
import type { SourceReader } from '../../source-reader.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { readCertificates } from './certificate-file.ts';
import { isPkcs12 } from './is-pkcs12.ts';
import { type PrivateKey } from '../../private-key.ts';
import { readPrivateKey } from './read-private-key.ts';
import type { Lock } from './unlock.ts';

/** What a file holds; a PKCS#12 both, others one of them. */
export interface FileContents {
  readonly certificates: readonly Certificate[];
  readonly keys: readonly PrivateKey[];
}

/** Where files are read from, and what opens them. */
export interface FileContext {
  readonly reader: SourceReader;
  readonly password: SecretSource | undefined;
  readonly context: IdentityContext;
}

/** Where private keys are read from. A file may hold one that only the TPM can use. */
export interface KeyFileContext extends FileContext {
  readonly openTpmKey: OpenTpmKey;
}

/**
 * The certificates of a file, at least one; of a PKCS#12 its keys too.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, PASSWORD_*
 */
export async function openCertificateFile(source: ByteSource, files: FileContext): Promise<FileContents> {
  const { bytes } = await files.reader.read(source, 'CERTIFICATE_UNREADABLE');
  return naming(source, 'CERTIFICATE_INVALID', async () => {
    if (!isPkcs12(bytes)) return { certificates: await readCertificates(bytes), keys: [] };
    const contents = await openPkcs12(source, bytes, files);
    if (contents.certificates.length === 0) throw new Problem('is a PKCS#12 file without a certificate');
    return contents;
  });
}

/**
 * The private key of a file or TPM; of a PKCS#12 all of them, at least one, and its certificates.
 *
 * @throws RolesAnywhereError KEY_UNREADABLE, KEY_INVALID, KEY_UNSUPPORTED, PASSWORD_*, TPM_*
 */
export async function openKeyFile(source: FileKeySource, files: KeyFileContext): Promise<FileContents> {
  if (source.kind === 'tpm-handle') return { certificates: [], keys: [await files.openTpmKey(source)] };
  const { bytes } = await files.reader.read(source, 'KEY_UNREADABLE');
  return naming(source, 'KEY_INVALID', async () => {
    if (!isPkcs12(bytes)) {
      const lock = lockOf(source, files, 'the private key ');
      return { certificates: [], keys: [await readPrivateKey(bytes, lock, () => files.openTpmKey(source, bytes))] };
    }
    const contents = await openPkcs12(source, bytes, files);
    if (contents.keys.length === 0) throw new Problem('is a PKCS#12 file without a private key');
    return contents;
  });
}

async function openPkcs12(source: ByteSource, bytes: Buffer, files: FileContext): Promise<FileContents> {
  const { readPkcs12 } = await import('./pkcs12.ts');
  return readPkcs12(bytes, lockOf(source, files));
}

function lockOf(source: ByteSource, { password, context }: FileContext, what = ''): Lock {
  return { source, what, password, context };
}
