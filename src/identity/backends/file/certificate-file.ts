import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { firstElement } from '../../x509/der.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import { decodePem, isPem, type PemBlock, pemBlocks } from './pem.ts';

const certificateLabels: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);

/**
 * Every certificate of a PEM file, in its order, or the one of a DER file. Other PEM blocks are left alone.
 *
 * @throws Problem when there is none, or one that cannot be read
 */
export async function readCertificates(bytes: Buffer): Promise<readonly Certificate[]> {
  if (!isPem(bytes)) return [await readDerCertificate(bytes)];
  const blocks = pemBlocks(bytes);
  const certificates = blocks.filter(({ label }) => certificateLabels.has(label)).map(readBlock);
  if (certificates.length > 0) return certificates;
  const { explainNoCertificate } = await import('./explain-certificate.ts');
  throw explainNoCertificate(blocks);
}

function readBlock(block: PemBlock): Certificate {
  const der = decodePem(block);
  try {
    // Trust settings of openssl follow the certificate in a TRUSTED CERTIFICATE.
    return parseCertificate(block.label === 'TRUSTED CERTIFICATE' ? firstElement(der).encoded : der);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(`holds a certificate in line ${block.line} that ${error.message}`);
  }
}

async function readDerCertificate(bytes: Buffer): Promise<Certificate> {
  try {
    // A copy, as the file's bytes are wiped.
    return parseCertificate(Buffer.from(bytes));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { explainNotDer } = await import('./explain-certificate.ts');
    throw explainNotDer(bytes, error);
  }
}
