import { RolesAnywhereError } from '../errors.ts';

/**
 * As much of DER (ITU-T X.690) as it takes to find the parts of a certificate that are signed or compared byte for
 * byte. Names, extensions and times are read by @peculiar/x509.
 */

export interface DerElement {
  /** Identifier octet: class, constructed bit and number, as one byte. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly raw: Uint8Array;
}

/** Universal tags that certificates use. */
export const derTag = { bitString: 0x03, objectIdentifier: 0x06, sequence: 0x30 } as const;

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

/**
 * The dotted form of an object identifier.
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readObjectIdentifier(element: DerElement | undefined): string {
  if (element?.tag !== derTag.objectIdentifier) throw malformed('an object identifier is missing');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of element.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join('.');
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
  if (start + size > bytes.length) throw malformed('it ends inside an element');
  return { tag, content: bytes.subarray(start, start + size), raw: bytes.subarray(0, start + size) };
}
