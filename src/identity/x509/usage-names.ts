import { keyUsages } from './parse-certificate.ts';

/** KeyPurposeId of RFC 5280, section 4.2.1.12, and the one of Microsoft's for logging on with a smart card. */
export const extendedKeyUsages: Readonly<Record<string, string>> = {
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  smartcardLogon: '1.3.6.1.4.1.311.20.2.2',
};

/** Whether a text is a key usage, or an extended one by its name or as an OID. */
export function isUsageName(text: string): boolean {
  const names: readonly string[] = [...keyUsages, ...Object.keys(extendedKeyUsages)];
  return names.includes(text) || /^\d+(?:\.\d+)+$/.test(text);
}
