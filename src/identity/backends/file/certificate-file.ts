import type { Certificate } from '../../x509/certificate.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import type { FileContents } from './file-contents.ts';
import { decodePem, isPem, pemBlocks } from './pem.ts';
import type { Lock } from './unlock.ts';

/**
 * Every certificate of a file, in its order; of a PKCS#12 its keys too. PEM with certificates that can all be read is
 * read here, and everything else by a file that is loaded only then.
 *
 * @param lock undefined: a PKCS#12 is refused
 * @throws Problem when there is none that can be read
 */
export async function readCertificateFile(bytes: Buffer, lock: Lock | undefined): Promise<FileContents> {
  const certificates = readPlainPem(bytes);
  if (certificates !== undefined) return { certificates, damaged: [], keys: [] };
  const { readAnyCertificateFile } = await import('./certificate-forms.ts');
  return readAnyCertificateFile(bytes, lock);
}

function readPlainPem(bytes: Buffer): readonly Certificate[] | undefined {
  const own = isPem(bytes) ? pemBlocks(bytes).filter(({ label }) => label.endsWith('CERTIFICATE')) : [];
  if (own.length === 0 || !own.every(({ label }) => label === 'CERTIFICATE')) return undefined;
  try {
    return own.map((block) => parseCertificate(decodePem(block)));
  } catch {
    // Which one it was is found again.
    return undefined;
  }
}
