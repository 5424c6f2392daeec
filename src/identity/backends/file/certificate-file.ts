import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { firstElement, paddedElement } from '../../x509/der.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import type { CertificateContents } from './damaged-certificates.ts';
import { decodePem, isPem, type PemBlock, pemBlocks } from './pem.ts';

const certificateLabels: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);

/**
 * Every certificate of a PEM file, in its order, or the one of a DER file. Other PEM blocks are left alone.
 *
 * @throws Problem when there is none that can be read
 */
export async function readCertificates(bytes: Buffer): Promise<CertificateContents> {
  if (!isPem(bytes)) return { certificates: [await readDerCertificate(bytes)], damaged: [] };
  const blocks = pemBlocks(bytes);
  const own = blocks.filter(({ label }) => certificateLabels.has(label));
  try {
    if (own.length > 0) return { certificates: own.map(readBlock), damaged: [] };
  } catch {
    // Which one it was is found again below.
  }
  return (await import('./damaged-certificates.ts')).readSome(own, parseBlock, blocks);
}

const readBlock = (block: PemBlock): Certificate => parseBlock(block, decodePem(block));

/** Trust settings of openssl follow the certificate in a TRUSTED CERTIFICATE. */
function parseBlock({ label }: PemBlock, der: Buffer): Certificate {
  return parseCertificate(label === 'TRUSTED CERTIFICATE' ? firstElement(der).encoded : der);
}

async function readDerCertificate(bytes: Buffer): Promise<Certificate> {
  try {
    // A copy, as the file's bytes are wiped.
    return parseCertificate(Buffer.from(paddedElement(bytes).encoded));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { explainNotDer } = await import('./explain-certificate.ts');
    throw explainNotDer(bytes, error);
  }
}
