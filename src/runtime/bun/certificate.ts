import { parseX509 } from '../../identity/x509/parse-certificate.ts';

/** Our own reader is at hand, and reads nothing that BoringSSL does not; what it refuses may be one all the same. */
export function isCertificate(pem: string): boolean {
  try {
    return parseX509(Buffer.from(pem.split('-----')[2] ?? '', 'base64')).der.length > 0;
  } catch {
    return isCertificateOfNode(pem);
  }
}

function isCertificateOfNode(pem: string): boolean {
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
