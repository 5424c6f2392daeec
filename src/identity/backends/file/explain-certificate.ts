import { Problem } from '../../problem.ts';
import { firstElement, objectIdentifierOf, sequenceOf } from '../../x509/der.ts';
import { isPkcs12 } from './is-pkcs12.ts';
import type { PemBlock } from './pem.ts';

const pkcs7Hint = 'take the certificates out of it: openssl pkcs7 -print_certs -in FILE -out chain.pem';
const oneFileHint = 'give a file with a certificate: PEM, DER or PKCS#12';

/** Why a PEM file has no certificate. */
export function explainNoCertificate(blocks: readonly PemBlock[]): Problem {
  const labels = [...new Set(blocks.map(({ label }) => label))];
  const hint = labels.some((label) => label === 'PKCS7' || label === 'CMS') ? pkcs7Hint : oneFileHint;
  return new Problem(`holds no certificate, but ${labels.join(', ') || 'nothing that can be read'}`, undefined, {
    hints: [hint],
  });
}

/** Why a file that is not PEM is no DER certificate either. */
export function explainNotDer(bytes: Buffer, problem: Problem): Problem {
  if (isPkcs12(bytes)) {
    return new Problem('is a PKCS#12 file, which can be given as --certificate only', undefined, {
      hints: ['take the certificates out of it: openssl pkcs12 -nokeys -in FILE -out chain.pem'],
    });
  }
  if (isPkcs7(bytes)) return new Problem('is a PKCS#7 file', undefined, { hints: [`${pkcs7Hint} -inform DER`] });
  return bytes[0] === 0x30
    ? new Problem(problem.message, undefined, { hints: [oneFileHint] })
    : new Problem(`is neither PEM nor DER${textFault(bytes)}`, undefined, { hints: [oneFileHint] });
}

function isPkcs7(bytes: Buffer): boolean {
  try {
    return objectIdentifierOf(sequenceOf(firstElement(bytes))[0]).startsWith('1.2.840.113549.1.7.');
  } catch {
    return false;
  }
}

/** What editors and shells do to a PEM file. */
export function textFault(bytes: Buffer): string {
  const start = bytes.readUIntBE(0, Math.min(2, bytes.length));
  if (start === 0xfffe || start === 0xfeff) return ', but UTF-16 text: save it as UTF-8';
  return /^[\sA-Za-z0-9+/]{64,}={0,2}\s*$/.test(bytes.toString('latin1'))
    ? ', but base64 without its BEGIN and END lines'
    : '';
}
