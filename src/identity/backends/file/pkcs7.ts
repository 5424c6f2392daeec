import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import {
  constructed,
  elementsOf,
  equalBytes,
  expectTag,
  objectIdentifierOf,
  onlyElement,
  sequenceOf,
  tags,
  toHex,
} from '../../x509/der.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import { berToDer } from './ber.ts';

const signedData = '1.2.840.113549.1.7.2';

/**
 * The certificates of a PKCS#7 file (RFC 2315, sections 7 and 9.1), as CAs hand out chains: the SET has no order that
 * says anything, so that those that issued none of the others are put first.
 */
export function readPkcs7(bytes: Uint8Array): readonly Certificate[] {
  const [type, content] = sequenceOf(onlyElement(berToDer(bytes)));
  if (objectIdentifierOf(type) !== signedData) throw new Problem('is a PKCS#7 file without certificates');
  const fields = sequenceOf(onlyElement(expectTag(content, constructed(0)).contents));
  const set = fields.find(({ tag }) => tag === constructed(0));
  // Beside certificates there may be attribute certificates, which have tags of their own.
  const certificates = elementsOf(set?.contents ?? new Uint8Array())
    .filter(({ tag }) => tag === tags.sequence)
    .map(({ encoded }) => parseX509(encoded));
  if (certificates.length === 0) throw new Problem('is a PKCS#7 file without certificates');
  return leavesFirst(certificates);
}

function leavesFirst(certificates: readonly Certificate[]): readonly Certificate[] {
  const issuers = new Set(
    certificates.filter(({ issuer, subject }) => !equalBytes(issuer, subject)).map(({ issuer }) => toHex(issuer)),
  );
  const isIssuer = ({ subject }: Certificate): boolean => issuers.has(toHex(subject));
  return [...certificates.filter((certificate) => !isIssuer(certificate)), ...certificates.filter(isIssuer)];
}
