import { RolesAnywhereError } from '../../core/errors.ts';

/**
 * DER (ITU-T X.690), as much as certificates use.
 *
 * Written apart from `identity/x509` on purpose, as all of this folder is: what both read alike, two readers have agreed
 * on. docs/architecture.md tells why it is no package that reads here; test/trust/two-readers.test.ts holds both equal.
 */

export interface DerElement {
  /** Identifier octet: class, constructed bit and number, as one byte. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly raw: Uint8Array;
}

/** Universal tags that certificates use. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[number]`, constructed or not (X.690, section 8.1.2). */
export const outer = (number: number): number => 0xa0 + number;
export const plain = (number: number): number => 0x80 + number;

/**
 * Reads the elements that stand one after another in `bytes`: the content of a SEQUENCE, or a whole encoding.
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes.subarray(at));
    elements.push(element);
    at += element.raw.length;
  }
  return elements;
}

/** The one element that `bytes` are, with nothing after it. */
export function readOnly(bytes: Uint8Array, tag?: number): DerElement {
  const [element, ...more] = readElements(bytes);
  if (element === undefined || more.length > 0) throw malformed('it is not one element, with nothing after it');
  if (tag !== undefined && element.tag !== tag) throw malformed('an element is of another type than it must be');
  return element;
}

/** The elements within a SEQUENCE or, where so told, a SET. */
export function readInside(element: DerElement | undefined, tag: number = derTag.sequence): DerElement[] {
  if (element?.tag !== tag) throw malformed('a SEQUENCE or SET is missing');
  return readElements(element.content);
}

/** Elements in the order of a schema: each is taken off, or left where it is optional and another follows. */
export class Fields {
  readonly #left: DerElement[];

  constructor(elements: readonly DerElement[]) {
    this.#left = [...elements];
  }

  /** The next one, which must be there. */
  next(tag: number): DerElement {
    const element = this.optional(tag);
    if (element === undefined) throw malformed('a field is missing, or of another type than it must be');
    return element;
  }

  /** The next one, if it has this tag. */
  optional(tag: number): DerElement | undefined {
    return this.#left[0]?.tag === tag ? this.#left.shift() : undefined;
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#left.length > 0) throw malformed('it has fields that do not belong there');
  }
}

/** BOOLEAN DEFAULT FALSE; any bit makes it true, as in BER. */
export function isTrue(element: DerElement | undefined): boolean {
  return (element?.content[0] ?? 0) !== 0;
}

/** The longest INTEGER taken, in bytes; serial numbers have 20 (RFC 5280, section 4.1.2.2). */
const longestInteger = 64;

/** INTEGER in two's complement and its shortest form (X.690, section 8.3). */
export function readInteger({ content }: DerElement): bigint {
  const bytes = Buffer.from(content);
  const isPadded = bytes.length > 1 && [0, -1].includes(bytes.readInt16BE() >> 7);
  if (bytes.length === 0 || bytes.length > longestInteger || isPadded) throw malformed('an INTEGER is not in DER');
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`));
}

/** BIT STRING: its bytes, and how many bits of the last of them are unused (X.690, section 8.6). */
export function readBits({ content }: DerElement): { readonly bytes: Uint8Array; readonly unused: number } {
  const [unused] = content;
  if (unused === undefined || unused > 7 || (content.length === 1 && unused > 0)) {
    throw malformed('a BIT STRING is not in DER');
  }
  return { bytes: content.subarray(1), unused };
}

/** BIT STRING of whole bytes: a key or a signature. */
export function readWholeBits(element: DerElement): Uint8Array {
  const { bytes, unused } = readBits(element);
  if (unused > 0) throw malformed('a BIT STRING does not hold whole bytes');
  return bytes;
}

/**
 * The dotted form of an object identifier (X.690, section 8.19).
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readObjectIdentifier(element: DerElement | undefined): string {
  if (element?.tag !== derTag.objectIdentifier) throw malformed('an object identifier is missing');
  const { content } = element;
  if (content.length === 0 || content.length > longestInteger || (content.at(-1) ?? 0) > 0x7f) {
    throw malformed('an object identifier is malformed');
  }
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte > 0x7f) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first = 0n, ...rest] = arcs;
  const root = first >= 80n ? 2n : first / 40n;
  return [root, first - 40n * root, ...rest].join('.');
}

/** Year, month, day, hour, minute, and what may be left out: seconds, and the offset that `Z` stands for. */
const timePattern = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:Z|([+-])(0\d|1[0-2])([0-5]\d))$/;

/**
 * UTCTime or GeneralizedTime (X.680, sections 46 and 47) without a fraction. Common readers take more than the forms of
 * RFC 5280, section 4.1.2.5: a UTCTime without seconds, and offsets.
 */
export function readTime({ tag, content }: DerElement): Date {
  const text = Buffer.from(content).toString('latin1');
  const isShort = tag === derTag.utcTime;
  // Two digits of a year are those of 1950 to 2049.
  const long = isShort ? `${text < '5' ? '20' : '19'}${text}` : text;
  const [, ...parts] = timePattern.exec(long) ?? [];
  const [year = '', month = '', day = '', hour = '', minute = '', second, sign = '+', hours = '0', minutes = '0'] =
    parts;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second ?? '00'}.000Z`;
  const date = new Date(iso);
  const isWhole = isShort || second !== undefined;
  // JavaScript takes the 31st of April for the 1st of May.
  if (!isWhole || Number.isNaN(date.getTime()) || date.toISOString() !== iso) throw malformed('a time is no time');
  const ahead = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
  return new Date(date.getTime() - ahead * 60_000);
}

export function malformed(what: string): RolesAnywhereError {
  return new RolesAnywhereError('CERTIFICATE_INVALID', `the DER of the certificate is malformed: ${what}`);
}

function readElement(bytes: Uint8Array): DerElement {
  const [tag, length] = bytes;
  if (tag === undefined || length === undefined) throw malformed('it ends inside an element');
  // High tag numbers (X.690, 8.1.2.4) and the indefinite length (8.1.3.6) have no place in a certificate.
  if ((tag & 0x1f) === 0x1f || length === 0x80) throw malformed('an element has a tag or length that DER forbids');
  const lengthOctets = length < 0x80 ? 0 : length & 0x7f;
  const start = 2 + lengthOctets;
  if (lengthOctets > 4 || start > bytes.length) throw malformed('a length is out of bounds');
  const size = lengthOctets === 0 ? length : bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  // The shortest form (X.690, section 10.1).
  if (lengthOctets > 0 && (bytes[2] === 0 || size < 0x80)) throw malformed('a length is not in its shortest form');
  if (start + size > bytes.length) throw malformed('it ends inside an element');
  return { tag, content: bytes.subarray(start, start + size), raw: bytes.subarray(0, start + size) };
}
