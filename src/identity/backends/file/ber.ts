import { encodeElement } from '../../x509/der-writer.ts';
import { damaged, isPadding, tags } from '../../x509/der.ts';

/** More than any PKCS#12 nests. */
const maxDepth = 32;
const maxElements = 100_000;

const constructedBit = 0x20;
const constructedOctetString = tags.octetString | constructedBit;

/**
 * BER (X.690, section 8) into the DER that our reader takes: definite lengths in their shortest form, and octet
 * strings in one piece. Windows, NSS and older Java write PKCS#12 in BER, and Windows zeros behind it.
 */
export function berToDer(bytes: Uint8Array): Buffer {
  const reader = { bytes, offset: 0, elements: 0 };
  const der = convert(reader, 0);
  if (!isPadding(bytes, reader.offset)) throw damaged('something follows its end');
  return der;
}

interface Reader {
  readonly bytes: Uint8Array;
  offset: number;
  elements: number;
}

function convert(reader: Reader, depth: number): Buffer {
  if (depth > maxDepth || ++reader.elements > maxElements) throw damaged('it nests too deeply');
  const tag = octet(reader);
  if ((tag & 0x1f) === 0x1f) throw damaged('it uses a tag of several bytes');
  const end = readEnd(reader);
  if ((tag & constructedBit) === 0) return encodeElement(tag, primitiveContents(reader, end));
  const parts: Buffer[] = [];
  while (!atEnd(reader, end)) parts.push(convert(reader, depth + 1));
  return tag === constructedOctetString ? joinOctets(parts) : encodeElement(tag, ...parts);
}

/** Where the contents end; undefined for the indefinite form, whose end is marked by two zeros. */
function readEnd(reader: Reader): number | undefined {
  const first = octet(reader);
  if (first === 0x80) return undefined;
  let length = first;
  if (first > 0x80) {
    if (first > 0x86) throw damaged('it has a length that cannot be');
    length = 0;
    for (let count = first & 0x7f; count > 0; count--) length = length * 256 + octet(reader);
  }
  if (reader.offset + length > reader.bytes.length) throw damaged('it ends too early');
  return reader.offset + length;
}

function atEnd(reader: Reader, end: number | undefined): boolean {
  if (end !== undefined) {
    if (reader.offset > end) throw damaged('an element is longer than what holds it');
    return reader.offset === end;
  }
  if (reader.bytes[reader.offset] !== 0 || reader.bytes[reader.offset + 1] !== 0) return false;
  reader.offset += 2;
  return true;
}

function primitiveContents(reader: Reader, end: number | undefined): Uint8Array {
  if (end === undefined) throw damaged('a primitive element has no length');
  const contents = reader.bytes.subarray(reader.offset, end);
  reader.offset = end;
  return contents;
}

function joinOctets(parts: readonly Buffer[]): Buffer {
  return encodeElement(tags.octetString, ...parts.map((part) => contentsOf(part)));
}

/** Of a DER element that was just made. */
function contentsOf(der: Buffer): Buffer {
  const lengthByte = der[1] ?? 0;
  if (der[0] !== tags.octetString) throw damaged('an octet string holds something else');
  return der.subarray(lengthByte > 0x80 ? 2 + (lengthByte & 0x7f) : 2);
}

function octet(reader: Reader): number {
  const value = reader.bytes[reader.offset++];
  if (value === undefined) throw damaged('it ends too early');
  return value;
}
