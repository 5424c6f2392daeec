import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { explainNoCertificate } from './explain-certificate.ts';
import { decodePem, type PemBlock } from './pem.ts';

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

/**
 * The certificates of PEM blocks of which one at least is damaged, or of which there are none.
 *
 * @param all blocks of the file, to say what it holds instead
 * @throws Problem of the first one, where all are
 */
export function readSome(
  blocks: readonly PemBlock[],
  parse: (block: PemBlock, der: Buffer) => Certificate,
  all: readonly PemBlock[],
): CertificateContents {
  const found = setAside(blocks, (block) => {
    const der = decodePem(block);
    return [namingCertificate(`in line ${block.line}`, () => parse(block, der))];
  });
  if (found.certificates.length > 0) return found;
  throw found.damaged[0]?.problem ?? explainNoCertificate(all);
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
