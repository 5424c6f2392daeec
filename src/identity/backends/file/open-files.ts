import type { ByteSource, IdentityContext, SecretSource, TpmSettings } from '../../identity.ts';
import type { FileKeySource } from '../../key-place.ts';
import { naming, Problem } from '../../problem.ts';
import type { SourceReader } from '../../source-reader.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { readCertificates } from './certificate-file.ts';
import { isPkcs12 } from './is-pkcs12.ts';
import type { LocalKey } from './local-key.ts';
import { readPrivateKey } from './read-private-key.ts';
import type { Lock } from './unlock.ts';

/** What a file holds; a PKCS#12 both, others one of them. */
export interface FileContents {
  readonly certificates: readonly Certificate[];
  readonly keys: readonly LocalKey[];
}

/** Where files are read from, and what opens them. */
export interface FileContext {
  readonly reader: SourceReader;
  readonly password: SecretSource | undefined;
  readonly tpm?: TpmSettings | undefined;
  readonly context: IdentityContext;
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
export async function openKeyFile(source: FileKeySource, files: FileContext): Promise<FileContents> {
  if (source.kind === 'tpm-handle') return { certificates: [], keys: [await openTpmKey(source, files)] };
  const { bytes } = await files.reader.read(source, 'KEY_UNREADABLE');
  return naming(source, 'KEY_INVALID', async () => {
    if (!isPkcs12(bytes)) {
      const lock = lockOf(source, files, 'the private key ');
      return { certificates: [], keys: [await readPrivateKey(bytes, lock, () => openTpmKey(source, files, bytes))] };
    }
    const contents = await openPkcs12(source, bytes, files);
    if (contents.keys.length === 0) throw new Problem('is a PKCS#12 file without a private key');
    return contents;
  });
}

/** @param bytes of a TSS2 PRIVATE KEY; undefined for a handle */
async function openTpmKey(source: FileKeySource, files: FileContext, bytes?: Buffer): Promise<LocalKey> {
  const { openTpmKey: open } = await import('../tpm/open-tpm-key.ts');
  return open(source, files, bytes);
}

async function openPkcs12(source: ByteSource, bytes: Buffer, files: FileContext): Promise<FileContents> {
  const { readPkcs12 } = await import('./pkcs12.ts');
  return readPkcs12(bytes, lockOf(source, files));
}

function lockOf(source: ByteSource, { password, context }: FileContext, what = ''): Lock {
  return { source, what, password, context };
}
