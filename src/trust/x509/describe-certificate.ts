import { createHash } from 'node:crypto';
import type { GeneralNames, JudgedCertificate } from './certificate.ts';
import { isSameName } from './distinguished-name.ts';
import { anchorViolations } from './issuer-constraints.ts';
import { leafViolations } from './leaf-constraints.ts';
import { readPublicKey } from './public-key.ts';

/** What a certificate is there for: to sign requests, to issue certificates below another, or to be an end of paths. */
export type CertificateKind = 'leaf' | 'intermediate' | 'root';

/** A certificate in the words and numbers that people and monitoring ask for. */
export interface CertificateSummary {
  readonly kind: CertificateKind;
  /** In the order of the certificate: `C=US, O=Example, CN=worker`. */
  readonly subject: string;
  readonly issuer: string;
  /** As the Authorization header of CreateSession has it. */
  readonly serialNumber: string;
  /** Lower case, of even length: as the session's name, and CloudTrail, have it. */
  readonly serialNumberHex: string;
  /** `RSA-2048`, `P-256`, `ML-DSA-44`; of a key that Roles Anywhere does not take, why. */
  readonly key: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whole days until it expires; negative once it has. */
  readonly daysLeft: number;
  /** SHA-256 of its DER, lower-case hex: what Roles Anywhere calls its certificateId. */
  readonly fingerprint: string;
  /** `DNS:worker.example`, `URI:spiffe://…`, `email:…`, `IP:192.0.2.1`, `Name:CN=…`. */
  readonly alternativeNames: readonly string[];
  /** What Roles Anywhere would object to: of a leaf as one, of a CA as a trust anchor. Lower case, no full stop. */
  readonly objections: readonly string[];
}

const day = 86_400_000;

/** SHA-256 of the DER, lower-case hex. */
export function certificateFingerprint({ der }: Pick<JudgedCertificate, 'der'>): string {
  return createHash('sha256').update(der).digest('hex');
}

/**
 * Sums a certificate up.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { decodeCertificates, describeCertificate } from 'roles-anywhere/trust';
 *
 * for (const certificate of decodeCertificates(readFileSync('bundle.pem', 'utf8'))) {
 *   const { kind, subject, daysLeft, objections } = describeCertificate(certificate, new Date());
 *   console.log(kind, subject, `${daysLeft} days`, objections);
 * }
 * ```
 */
export function describeCertificate(certificate: JudgedCertificate, now: Date): CertificateSummary {
  const { serialNumber, notBefore, notAfter, subject, issuer } = certificate;
  const hex = serialNumber.toString(16);
  const kind = kindOf(certificate);
  return {
    kind,
    subject: subject.text,
    issuer: issuer.text,
    serialNumber: serialNumber.toString(),
    serialNumberHex: hex.padStart(hex.length + (hex.length % 2), '0'),
    key: keyOf(certificate),
    notBefore,
    notAfter,
    daysLeft: Math.floor((notAfter.getTime() - now.getTime()) / day),
    fingerprint: certificateFingerprint(certificate),
    alternativeNames: alternativeNameTexts(certificate.alternativeNames),
    objections: [...validity(certificate, now), ...rulesOf(kind, certificate)],
  };
}

/** Neither the name of a file nor its place in a bundle says it, only the certificate itself. */
function kindOf({ basicConstraints, subject, issuer }: JudgedCertificate): CertificateKind {
  if (basicConstraints?.ca !== true) return 'leaf';
  return isSameName(subject, issuer) ? 'root' : 'intermediate';
}

function rulesOf(kind: CertificateKind, certificate: JudgedCertificate): string[] {
  const violations = kind === 'leaf' ? leafViolations(certificate) : anchorViolations(certificate);
  return violations.map(({ reason }) => reason);
}

function validity({ notBefore, notAfter }: JudgedCertificate, now: Date): string[] {
  if (now > notAfter) return [`it expired at ${notAfter.toISOString()}`];
  return now < notBefore ? [`it is not valid before ${notBefore.toISOString()}`] : [];
}

function keyOf({ publicKeyInfo }: JudgedCertificate): string {
  const key = readPublicKey(publicKeyInfo);
  return 'problem' in key ? key.problem : key.name;
}

/** `DNS:worker.example`, by their kind. */
export function alternativeNameTexts({ dns, uri, email, ip, directory }: GeneralNames): string[] {
  return [
    ...dns.map((name) => `DNS:${name}`),
    ...uri.map((name) => `URI:${name}`),
    ...email.map((name) => `email:${name}`),
    ...ip.map((address) => `IP:${addressText(address)}`),
    ...directory.map(({ text }) => `Name:${text}`),
  ];
}

/** Dotted, or groups of four digits; what is no address is shown as its bytes. */
function addressText(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const hex = Buffer.from(address).toString('hex');
  return address.length === 16 ? (hex.match(/.{4}/g) ?? []).join(':') : hex;
}
