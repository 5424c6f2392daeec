import { readFile } from '../../core/fs/read-file.ts';

/** Bytes: the whole bundle of a system has a quarter of a megabyte. */
const maxFileBytes = 16 * 1024 * 1024;

/**
 * Every certificate of a PEM file, each a text of its own: given as one, OpenSSL would stop at the first that is damaged
 * and drop what follows.
 *
 * @throws as `readFile`
 */
export async function readPemCertificates(path: string): Promise<readonly string[]> {
  const { bytes } = await readFile(path, { bytes: maxFileBytes });
  return bytes.toString('latin1').match(/-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[^-]+-----END \1-----/g) ?? [];
}
