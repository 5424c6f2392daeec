import { Problem } from '../../problem.ts';
import { type Element, paddedElement, sequenceOf, tags } from '../../x509/der.ts';
import { decodePem, isPem, type PemBlock } from './pem.ts';

/** What DER may be that is given for a certificate or a private key. */
export type DerKind =
  | 'certificate'
  | 'pkcs12'
  | 'pkcs7'
  | 'request'
  | 'revocations'
  | 'public-key'
  | 'pkcs8'
  | 'encrypted'
  | 'pkcs1'
  | 'sec1'
  | 'dsa'
  | 'tpm'
  | 'unknown';

export const keyKinds: ReadonlySet<DerKind | undefined> = new Set([
  'pkcs8',
  'encrypted',
  'pkcs1',
  'sec1',
  'dsa',
  'tpm',
]);

/** The first tags inside the outer SEQUENCE, as hexadecimal. */
const shapes: readonly (readonly [RegExp, DerKind | 'signed'])[] = [
  // PrivateKeyInfo: version, algorithm, OCTET STRING (RFC 5958)
  [/^02 30 04/, 'pkcs8'],
  // EncryptedPrivateKeyInfo: algorithm, OCTET STRING (RFC 5958)
  [/^30 04$/, 'encrypted'],
  // DSA as openssl wrote it: version, p, q, g, public, private
  [/^02( 02){5}$/, 'dsa'],
  // RSAPrivateKey: version and eight numbers, or more (RFC 8017, A.1.2)
  [/^02( 02){8}/, 'pkcs1'],
  // ECPrivateKey: version, OCTET STRING, … (RFC 5915)
  [/^02 04/, 'sec1'],
  // TPMKey: OBJECT IDENTIFIER, … (draft-woodhouse-cert-best-practice)
  [/^06 /, 'tpm'],
  [/^30 03$/, 'public-key'],
  // Certificate, request, list of revoked ones: what is signed, algorithm, signature
  [/^30 30 03$/, 'signed'],
];

/** The same inside of what is signed (RFC 5280, sections 4.1 and 5.1; RFC 2986, section 4.1). */
const signedShapes: readonly (readonly [RegExp, DerKind])[] = [
  [/^02 30 30 a0$/, 'request'],
  [/^(02 )?30 30 1[78]/, 'revocations'],
];

/**
 * Tells DER apart by its outermost fields; of PKCS#12 and PKCS#7 also BER.
 *
 * @throws Problem when it is damaged
 */
export function derKind(bytes: Uint8Array): DerKind {
  if (isPkcs12(bytes)) return 'pkcs12';
  if (isPkcs7(bytes)) return 'pkcs7';
  const fields = sequenceOf(paddedElement(bytes));
  const kind = kindByShape(fields, shapes);
  return kind === 'signed' ? (kindByShape(sequenceOf(fields[0]), signedShapes) ?? 'certificate') : (kind ?? 'unknown');
}

function kindByShape<T>(fields: readonly Element[], known: readonly (readonly [RegExp, T])[]): T | undefined {
  const tagsOfFields = fields.slice(0, 16).map(({ tag }) => tag.toString(16).padStart(2, '0'));
  return known.find(([pattern]) => pattern.test(tagsOfFields.join(' ')))?.[1];
}

/** PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe SEQUENCE … } (RFC 7292, section 4); nothing else begins so. */
const pkcs12Start = Buffer.of(0x02, 0x01, 0x03, tags.sequence);

/** ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, … }, of 1.2.840.113549.1.7 (RFC 2315, section 7). */
const pkcs7Start = Buffer.from('06092a864886f70d0107', 'hex');

const isPkcs12 = (bytes: Uint8Array): boolean => contentsBegin(bytes, pkcs12Start);
const isPkcs7 = (bytes: Uint8Array): boolean => contentsBegin(bytes, pkcs7Start);

/** Of a SEQUENCE with any length, even an indefinite one. */
function contentsBegin(bytes: Uint8Array, start: Buffer): boolean {
  const lengthByte = bytes[1] ?? 0;
  const at = lengthByte > 0x80 ? 2 + (lengthByte & 0x7f) : 2;
  return bytes[0] === tags.sequence && start.equals(bytes.subarray(at, at + start.length));
}

/** What a block holds, whatever its label says; undefined where it cannot be read. */
export function kindInside(block: PemBlock): { readonly der: Buffer; readonly kind: DerKind } | undefined {
  try {
    const der = decodePem(block);
    return { der, kind: derKind(der) };
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

/** Layers of wrapping that are taken off: base64 of base64 of PEM in quotes, and one more. */
const maxLayers = 4;

/**
 * The same PEM or DER without what variables, secrets and editors wrap around it: base64, quotes, `\n` in place of line
 * breaks, UTF-16. The very buffer, where there is none of it.
 */
export function unwrapped(bytes: Buffer): Buffer {
  let current = bytes;
  for (let layer = 0; layer < maxLayers; layer++) {
    const inner = current[0] === tags.sequence ? undefined : withoutLayer(current);
    if (inner === undefined) break;
    if (current !== bytes) current.fill(0);
    current = inner;
  }
  return current;
}

function withoutLayer(bytes: Buffer): Buffer | undefined {
  if (isUtf16(bytes)) return Buffer.from(fromUtf16(bytes), 'utf8');
  const text = bytes.toString('latin1').trim();
  const [first = '', last] = [text[0], text.at(-1)];
  if (text.length > 1 && first === last && `"'`.includes(first)) return Buffer.from(text.slice(1, -1), 'latin1');
  if (!text.includes('-----BEGIN ')) return fromBase64(text);
  return text.includes(String.raw`\n`)
    ? Buffer.from(text.replaceAll(String.raw`\r`, '').replaceAll(String.raw`\n`, '\n'), 'latin1')
    : undefined;
}

function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE();
  return bytes.length % 2 === 0 && (mark === 0xfffe || mark === 0xfeff);
}

function fromUtf16(bytes: Buffer): string {
  const littleEndian = bytes[0] === 0xff ? bytes : Buffer.from(bytes).swap16();
  return littleEndian.toString('utf16le', 2);
}

/** Of what is certainly meant: DER, PEM, or base64 of it once more. */
function fromBase64(text: string): Buffer | undefined {
  const compact = text.split(/\s+/).join('');
  const bytes = Buffer.from(compact, 'base64');
  const isBase64 = bytes.length > 32 && bytes.toString('base64').replace(/=+$/, '') === compact.replace(/={1,2}$/, '');
  const isMeant =
    bytes[0] === tags.sequence || isPem(bytes) || /^(?:MI|LS0tLS1C|TUl|TFMwd)/.test(bytes.toString('latin1', 0, 8));
  return isBase64 && isMeant ? bytes : undefined;
}
