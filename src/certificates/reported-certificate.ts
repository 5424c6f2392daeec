import type { CertificateKind } from '../trust/x509/describe-certificate.ts';

/** A certificate as every form of the report has it; what an audit report of AWS Private CA does not say is undefined. */
export interface ReportedCertificate {
  /** Never that of another certificate: SHA-256 of the DER, or the ARN. */
  readonly id: string;
  readonly kind: CertificateKind;
  readonly subject: string;
  readonly issuer: string | undefined;
  /** Decimal, as CreateSession has it. */
  readonly serialNumber: string;
  /** Lower-case digits, of even length. */
  readonly serialNumberHex: string;
  /** `P-256`, `RSA-2048`; of a key that Roles Anywhere does not take, why. */
  readonly key: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whole days until it expires; negative once it has. */
  readonly daysLeft: number;
  /** What Roles Anywhere would object to. */
  readonly objections: readonly string[];
  /** Where it was found: paths, URIs, URLs. */
  readonly places: readonly string[];
  /** Of an audit report: who issued it, by which template, and whether ACM renews it by itself. */
  readonly issued?: {
    readonly authorityArn: string;
    readonly templateArn: string;
    readonly renewedByAcm: boolean;
  };
}

/** Something that was looked at, and could not be read. */
export interface UnreadPlace {
  readonly place: string;
  readonly error: unknown;
}

/** Those that expire within the time, the next one first; ACM's own are not for anybody to renew. */
export function expiringWithin(
  certificates: readonly ReportedCertificate[],
  milliseconds: number,
  now: Date,
): readonly ReportedCertificate[] {
  const end = now.getTime() + milliseconds;
  return certificates
    .filter(({ notAfter, issued }) => notAfter.getTime() <= end && issued?.renewedByAcm !== true)
    .sort((one, other) => one.notAfter.getTime() - other.notAfter.getTime());
}
