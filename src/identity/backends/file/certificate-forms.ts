import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { firstElement, paddedElement, tags } from '../../x509/der.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import { explainBlocks, explainBytes, explainKind, misplacedPkcs12, withFormats } from './explain-file.ts';
import { type FileContents, namingCertificate, setAside } from './file-contents.ts';
import { type DerKind, derKind, keyKinds, kindInside, unwrapped } from './file-kind.ts';
import { decodePem, isPem, type PemBlock, pemBlocks } from './pem.ts';
import { readPkcs7 } from './pkcs7.ts';
import type { Lock } from './unlock.ts';

/**
 * Every certificate file that is not PEM with nothing but sound certificates: DER, PKCS#7, PKCS#12, PEM in which some
 * certificates are damaged or the armour belies what is in it, any of it wrapped once more, and all that has to be
 * refused with a reason.
 */
export async function readAnyCertificateFile(bytes: Buffer, lock: Lock | undefined): Promise<FileContents> {
  const content = unwrapped(bytes);
  try {
    return await (isPem(content) ? readPem(content, lock) : readDer(content, lock));
  } finally {
    if (content !== bytes) content.fill(0);
  }
}

/** Of damaged bytes that only begin like DER, the hint says what would have done. */
async function readDer(bytes: Buffer, lock: Lock | undefined): Promise<FileContents> {
  if (bytes[0] !== tags.sequence) throw explainBytes(bytes, 'certificate');
  const kind = kindOf(bytes);
  if (kind === 'pkcs12') return openPkcs12(bytes, lock);
  // A copy, as the file's bytes are wiped.
  return { certificates: certificatesIn(Buffer.from(bytes), kind), damaged: [], keys: [] };
}

function kindOf(bytes: Buffer): DerKind {
  try {
    return derKind(bytes);
  } catch (error) {
    throw error instanceof Problem ? withFormats(error) : error;
  }
}

async function readPem(bytes: Buffer, lock: Lock | undefined): Promise<FileContents> {
  const blocks = pemBlocks(bytes).map(openBlock);
  const store = blocks.find(({ inside }) => inside?.kind === 'pkcs12');
  if (store?.inside !== undefined) return openPkcs12(store.inside.der, lock);
  const found = setAside(blocks.filter(isForCertificates), certificatesOf);
  if (found.certificates.length > 0) return { ...found, keys: [] };
  const problem = explainBlocks(
    blocks.map(({ block }) => block),
    blocks[0]?.inside?.kind,
    'certificate',
  );
  throw found.damaged[0]?.problem ?? problem;
}

/** A block, and what is in it; undefined where that cannot be read. */
interface OpenedBlock {
  readonly block: PemBlock;
  readonly inside: ReturnType<typeof kindInside>;
}

/** What a key's block holds is not kept: it may be the key itself. */
function openBlock(block: PemBlock): OpenedBlock {
  const inside = kindInside(block);
  if (inside !== undefined && keyKinds.has(inside.kind)) inside.der.fill(0);
  return { block, inside };
}

const labels: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);

function isForCertificates({ block, inside }: OpenedBlock): boolean {
  return labels.has(block.label) || inside?.kind === 'certificate' || inside?.kind === 'pkcs7';
}

function certificatesOf({ block, inside }: OpenedBlock): readonly Certificate[] {
  const der = inside?.der ?? decodePem(block);
  const kind = inside === undefined || inside.kind === 'unknown' ? 'certificate' : inside.kind;
  if (kind !== 'certificate' && kind !== 'pkcs7') throw explainKind(kind, 'certificate');
  return namingCertificate(`in line ${block.line}`, () => {
    // Trust settings of openssl follow the certificate.
    return certificatesIn(block.label === 'TRUSTED CERTIFICATE' ? firstElement(der).encoded : der, kind);
  });
}

function certificatesIn(der: Uint8Array, kind: DerKind): readonly Certificate[] {
  if (kind === 'pkcs7') return readPkcs7(der);
  if (kind === 'certificate') return [parseX509(paddedElement(der).encoded)];
  throw explainKind(kind, 'certificate');
}

async function openPkcs12(bytes: Buffer, lock: Lock | undefined): Promise<FileContents> {
  if (lock === undefined) throw misplacedPkcs12();
  const { readPkcs12 } = await import('./pkcs12.ts');
  return readPkcs12('certificate', bytes, lock);
}
