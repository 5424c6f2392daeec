import { Problem } from '../problem.ts';
import type { Certificate } from './certificate.ts';
import { distinguishedName } from './distinguished-name.ts';
import { describePublicKey, supportedKeys, whyUnsupported } from './public-key.ts';
import { readSignatureAlgorithm } from './signature-algorithm.ts';

/** Why Roles Anywhere would refuse a leaf, as the error code that says so. */
export type LeafFault =
  | 'CERTIFICATE_KEY_UNSUPPORTED'
  | 'CERTIFICATE_VERSION'
  | 'CERTIFICATE_INVALID'
  | 'CERTIFICATE_IS_CA'
  | 'CERTIFICATE_KEY_USAGE'
  | 'CERTIFICATE_HASH_WEAK'
  | 'CERTIFICATE_NOT_YET_VALID'
  | 'CERTIFICATE_EXPIRED';

type Explain = (leaf: Certificate, now: Date) => readonly [which: string, hint: string];

const explanations: Readonly<Record<LeafFault, Explain>> = {
  CERTIFICATE_KEY_UNSUPPORTED: ({ publicKeyInfo }) => [
    `cannot be used: ${whyUnsupported(describePublicKey(publicKeyInfo))}`,
    supportedKeys,
  ],
  CERTIFICATE_VERSION: ({ version }) => [
    `is of X.509 version ${version}, and Roles Anywhere takes version 3 only`,
    'have it issued with extensions, which makes it version 3',
  ],
  CERTIFICATE_INVALID: () => ['has an empty subject', 'have it issued with a subject, such as a common name'],
  CERTIFICATE_IS_CA: () => [
    'is a CA certificate (basicConstraints CA:TRUE)',
    'give the end-entity certificate here, and CA certificates with --intermediates',
  ],
  CERTIFICATE_KEY_USAGE: ({ keyUsage }) => [
    keyUsage === undefined
      ? 'has no key usage extension, where digitalSignature must be'
      : `may be used for ${[...keyUsage].join(', ') || 'nothing'}, but not for digitalSignature`,
    'have it issued with the key usage digitalSignature',
  ],
  CERTIFICATE_HASH_WEAK: (leaf) => [
    `is signed with ${signatureName(leaf)}, and Roles Anywhere asks for SHA-256 or better`,
    'have the CA issue it with SHA-256',
  ],
  CERTIFICATE_NOT_YET_VALID: ({ notBefore }, now) => [
    `is not valid before ${inSeconds(notBefore)}, and it is ${inSeconds(now)}`,
    "check this machine's clock",
  ],
  CERTIFICATE_EXPIRED: ({ notAfter }, now) => [
    `expired on ${inSeconds(notAfter)}, and it is ${inSeconds(now)}`,
    'renew the certificate',
  ],
};

/** A fault in words: `holds the certificate CN=leaf, which …`. */
export function explainLeaf(leaf: Certificate, fault: LeafFault, now: Date): Problem {
  const [which, hint] = explanations[fault](leaf, now);
  return new Problem(`holds the certificate ${subjectOf(leaf)}, which ${which}`, fault, { hints: [hint] });
}

/** The end of a sentence whose subject is the certificate: `is signed with SHA-1, …`. */
export function describeFault(leaf: Certificate, fault: LeafFault, now: Date): string {
  return explanations[fault](leaf, now)[0];
}

/** A chain of more certificates than the service takes. */
export function explainLongChain(found: number, most: number): Problem {
  return new Problem(`needs ${found} intermediate certificates, and the service takes ${most}`, 'CHAIN_TOO_LONG', {
    hints: ['make an intermediate certificate the trust anchor, and leave it and those above it out'],
  });
}

/** The subject for messages. */
export function subjectOf(certificate: Certificate): string {
  return distinguishedName(certificate.subject) || '(without a subject)';
}

/** `SHA-1`, `RSASSA-PSS with SHA-224`, `algorithm 1.2.3` */
function signatureName({ signatureAlgorithm, signatureParameters }: Certificate): string {
  const { hash, pssSaltLength } = readSignatureAlgorithm(signatureAlgorithm, signatureParameters) ?? {};
  if (hash === undefined) return `algorithm ${signatureAlgorithm}`;
  const name = hash.toUpperCase().replace('SHA', 'SHA-');
  return pssSaltLength === undefined ? name : `RSASSA-PSS with ${name}`;
}

/** `2026-01-15T12:34:56Z` */
function inSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
