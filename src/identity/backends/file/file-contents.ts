import { Problem } from '../../problem.ts';
import type { PrivateKey } from '../../private-key.ts';
import type { Certificate } from '../../x509/certificate.ts';

/** The certificates of a file. */
export interface CertificateContents {
  readonly certificates: readonly Certificate[];
  /** Those that cannot be read. They matter only where none of the others will do. */
  readonly damaged: readonly DamagedCertificate[];
}

export interface DamagedCertificate {
  readonly problem: Problem;
  /** Whether no readable one stands before it: it may be the leaf. */
  readonly isFirst: boolean;
}

/** What a file holds; a PKCS#12 both, others one of them. */
export interface FileContents extends CertificateContents {
  readonly keys: readonly PrivateKey[];
  /** Why there are none, where the file holds some. */
  readonly keyProblem?: Problem | undefined;
}

export function keyAlone(key: PrivateKey): FileContents {
  return { certificates: [], damaged: [], keys: [key] };
}

/** @param place `in line 30` */
export function namingCertificate<T>(place: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(`holds a certificate ${place} that ${error.message}`);
  }
}

/** Reads one certificate after the other and sets those aside that are damaged. */
export function setAside<T>(
  places: readonly T[],
  read: (place: T, index: number) => readonly Certificate[],
): CertificateContents {
  const certificates: Certificate[] = [];
  const damaged: DamagedCertificate[] = [];
  for (const [index, place] of places.entries()) {
    try {
      certificates.push(...read(place, index));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      damaged.push({ problem, isFirst: certificates.length === 0 });
    }
  }
  return { certificates, damaged };
}
