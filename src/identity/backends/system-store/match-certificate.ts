import { createHash } from 'node:crypto';
import type { CertificateSelection } from '../../identity.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { elementsOf, objectIdentifierOf, onlyElement, sequenceOf } from '../../x509/der.ts';
import { attributesOfName, distinguishedName } from '../../x509/distinguished-name.ts';
import { extendedKeyUsages } from '../../x509/usage-names.ts';
import { attributesInText, hasAttributes } from '../../x509/name-text.ts';
import { otherExtension } from '../../x509/parse-certificate.ts';
import type { StoredCertificate } from './system-store.ts';

/** A part of a selection, and why a certificate does not match it, as the end of a sentence. */
type Rule = readonly [
  part: keyof CertificateSelection,
  why: string,
  matches: (one: StoredCertificate, text: string) => boolean,
];

const rules: readonly Rule[] = [
  ['thumbprint', 'has another thumbprint', hasThumbprint],
  ['serial', 'has another serial number', ({ certificate }, text) => isSerial(certificate, text)],
  ['subject', 'has another subject', ({ certificate }, text) => isNamed(certificate.subject, text)],
  ['issuer', 'has another issuer', ({ certificate }, text) => isNamed(certificate.issuer, text)],
  ['friendlyName', 'has another friendly name', ({ friendlyName }, text) => friendlyName === text],
  ['templateOid', 'was not made by that template', ({ certificate }, text) => templateOf(certificate) === text],
  ['keyUsage', 'is not for that key usage', ({ certificate }, text) => isFor(certificate, text)],
];

/** Why a certificate is not what is selected, as the end of a sentence; undefined where it is. */
export function mismatchOf(one: StoredCertificate, selection: CertificateSelection): string | undefined {
  return rules.find(([part, , matches]) => {
    const text = selection[part];
    return text !== undefined && !matches(one, text);
  })?.[1];
}

/** Whether the names that are selected by are the whole names of a certificate that matches, and not some of their attributes. */
export function isNamedInFull(
  { certificate }: Pick<StoredCertificate, 'certificate'>,
  { subject, issuer }: CertificateSelection,
): boolean {
  return isFull(certificate.subject, subject) && isFull(certificate.issuer, issuer);
}

function isFull(name: Uint8Array, text: string | undefined): boolean {
  if (text === undefined || text === distinguishedName(name)) return true;
  return attributesInText(text)?.length === attributesOfName(name).length;
}

function isNamed(name: Uint8Array, text: string): boolean {
  const wanted = attributesInText(text);
  return wanted !== undefined && hasAttributes(attributesOfName(name), wanted);
}

/** A program may have given any text. */
function isSerial({ serialNumber }: Certificate, text: string): boolean {
  return /^[\da-f]+$/i.test(text) && BigInt(`0x${text}`) === serialNumber;
}

function hasThumbprint({ certificate, thumbprint }: StoredCertificate, text: string): boolean {
  return text === (text.length === 40 ? thumbprint : createHash('sha256').update(certificate.der).digest('hex'));
}

/** szOID_CERTIFICATE_TEMPLATE of wincrypt.h: SEQUENCE { templateID OBJECT IDENTIFIER, … } */
function templateOf(certificate: Certificate): string | undefined {
  const extension = otherExtension(certificate, '1.3.6.1.4.1.311.21.7');
  return extension === undefined
    ? undefined
    : readOr(undefined, () => objectIdentifierOf(sequenceOf(onlyElement(extension))[0]));
}

function isFor(certificate: Certificate, text: string): boolean {
  const extended = extendedUsagesOf(certificate);
  const usages: ReadonlySet<string> = certificate.keyUsage ?? new Set();
  return text.split(',').every((name) => usages.has(name) || extended.includes(extendedKeyUsages[name] ?? name));
}

function extendedUsagesOf(certificate: Certificate): readonly string[] {
  const extension = otherExtension(certificate, '2.5.29.37');
  return extension === undefined
    ? []
    : readOr([], () => elementsOf(onlyElement(extension).contents).map((element) => objectIdentifierOf(element)));
}

/** What is damaged matches nothing. */
function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
