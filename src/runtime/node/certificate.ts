import { X509Certificate } from 'node:crypto';

/** Whether TLS can take this text for a certificate in PEM. */
export function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
