import { Problem } from '../problem.ts';

/** Identifier octets used here (X.690, section 8.1.2); constructed types with their bit 0x20. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[number]` around another element, or in place of the tag of a constructed one. */
export const constructed = (number: number): number => 0xa0 | number;

/** `[number]` in place of the tag of a primitive element. */
export const primitive = (number: number): number => 0x80 | number;

/** One tag, length and value; views into the bytes that were read. */
export interface Element {
  readonly tag: number;
  readonly contents: Uint8Array;
  /** Tag and length with the contents. */
  readonly encoded: Uint8Array;
}

/** More than any certificate or key has in one place; keeps hostile input from filling the memory. */
const maxElements = 10_000;

/**
 * Reads the element at the beginning of `bytes`; more may follow.
 *
 * DER (X.690, sections 8 and 10.1): one-byte tags, definite lengths in their shortest form.
 */
export function firstElement(bytes: Uint8Array): Element {
  return elementAt(bytes, 0);
}

/** Reads an element with nothing after it. */
export function onlyElement(bytes: Uint8Array): Element {
  const element = elementAt(bytes, 0);
  if (element.encoded.length < bytes.length) throw damaged('something follows its end');
  return element;
}

/** What fills files and the memory of tokens up: NUL, erased memory, line breaks. */
const padding: ReadonlySet<number> = new Set([0x00, 0xff, 0x0a, 0x0d]);

/** Whether there is nothing but padding from `start` on. */
export function isPadding(bytes: Uint8Array, start: number): boolean {
  return bytes.subarray(start).every((octet) => padding.has(octet));
}

/** Reads an element with nothing but padding after it, which OpenSSL does not look at either. */
export function paddedElement(bytes: Uint8Array): Element {
  const element = elementAt(bytes, 0);
  if (!isPadding(bytes, element.encoded.length)) throw damaged('something follows its end');
  return element;
}

/** Reads elements, one after another, to the end. */
export function elementsOf(contents: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let offset = 0; offset < contents.length;) {
    const element = elementAt(contents, offset);
    offset += element.encoded.length;
    elements.push(element);
    if (elements.length > maxElements) throw damaged('it has too many elements');
  }
  return elements;
}

function elementAt(bytes: Uint8Array, start: number): Element {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) throw damaged('it ends too early');
  if ((tag & 0x1f) === 0x1f) throw damaged('it uses a tag of several bytes');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const body = start + 2 + lengthBytes;
  const length = first < 0x80 ? first : longLength(bytes.subarray(start + 2, body), lengthBytes);
  if (body + length > bytes.length) throw damaged('it ends too early');
  return { tag, contents: bytes.subarray(body, body + length), encoded: bytes.subarray(start, body + length) };
}

function longLength(octets: Uint8Array, expected: number): number {
  if (expected === 0 || expected > 4) throw damaged('it has a length that DER does not allow');
  if (octets.length < expected) throw damaged('it ends too early');
  let length = 0;
  for (const octet of octets) length = length * 256 + octet;
  if (length < 0x80 || octets[0] === 0) throw damaged('it has a length that is not in its shortest form');
  return length;
}

/** The error of every reader here: `what` was expected or found. */
export function damaged(what: string): Problem {
  return new Problem(`is damaged: ${what}`);
}

function malformed(what: string): Problem {
  return damaged(`${what} is malformed`);
}

function tagName(tag: number): string {
  const known = Object.entries(tags).find(([, value]) => value === tag);
  return known?.[0] ?? `tag 0x${tag.toString(16).padStart(2, '0')}`;
}

/** `element` itself, if its tag is the expected one. */
export function expectTag(element: Element | undefined, tag: number): Element {
  if (element?.tag === tag) return element;
  throw damaged(`${tagName(tag)} expected, ${element === undefined ? 'nothing' : tagName(element.tag)} found`);
}

/** The elements of a SEQUENCE, `most` of them at the most. */
export function sequenceOf(element: Element | undefined, most = maxElements): Element[] {
  const elements = elementsOf(expectTag(element, tags.sequence).contents);
  if (elements.length > most) throw damaged('it has unknown fields');
  return elements;
}

/** Takes the first of `fields` off the list; it must have the tag. */
export function take(fields: Element[], tag: number): Element {
  return expectTag(fields.shift(), tag);
}

/** Takes the first of `fields` off the list if it has the tag: an OPTIONAL or DEFAULT component. */
export function takeIf(fields: Element[], tag: number): Element | undefined {
  return fields[0]?.tag === tag ? fields.shift() : undefined;
}

/** Serial numbers have 20 bytes at the most (RFC 5280, section 4.1.2.2), and some CAs do not count well. */
const maxIntegerBytes = 64;

/** INTEGER, two's complement (X.690, section 8.3); serial numbers and versions, not the numbers of a key. */
export function integerOf(element: Element | undefined): bigint {
  const { contents } = expectTag(element, tags.integer);
  const [first, second = first === 0 ? 0x80 : 0] = contents;
  const isShortest = first !== (second < 0x80 ? 0 : 0xff);
  if (first === undefined || !isShortest || contents.length > maxIntegerBytes) throw malformed('an integer');
  const magnitude = BigInt(`0x${toHex(contents)}`);
  return BigInt.asIntN(contents.length * 8, magnitude);
}

/** INTEGER that must be between 0 and `most`: versions, counts, lengths. */
export function smallIntegerOf(element: Element | undefined, most: number): number {
  const value = integerOf(element);
  if (value < 0n || value > BigInt(most)) throw damaged(`an integer is not between 0 and ${most}`);
  return Number(value);
}

/** OBJECT IDENTIFIER in dotted form (X.690, section 8.19). Arcs may be as long as a UUID (X.667, section 7). */
export function objectIdentifierOf(element: Element | undefined): string {
  const { contents } = expectTag(element, tags.objectIdentifier);
  if ((contents.at(-1) ?? 0x80) >= 0x80 || contents.length > 64) throw malformed('an object identifier');
  let dotted = '';
  let arc = 0n;
  for (const octet of contents) {
    arc = arc * 128n + BigInt(octet & 0x7f);
    if (octet >= 0x80) continue;
    dotted += dotted === '' ? firstArcs(arc) : `.${arc}`;
    arc = 0n;
  }
  return dotted;
}

/** The first number holds two arcs: 40 · (0, 1 or 2) + the second one. */
function firstArcs(value: bigint): string {
  const top = value < 80n ? value / 40n : 2n;
  return `${top}.${value - top * 40n}`;
}

/** OCTET STRING. */
export function octetStringOf(element: Element | undefined): Uint8Array {
  return expectTag(element, tags.octetString).contents;
}

/** BIT STRING and how many bits of its last byte are unused (X.690, section 8.6). */
export function bitStringOf(element: Element | undefined): { readonly bytes: Uint8Array; readonly unusedBits: number } {
  const { contents } = expectTag(element, tags.bitString);
  const unusedBits = contents[0] ?? 8;
  if (unusedBits > 7 || (unusedBits > 0 && contents.length === 1)) throw malformed('a bit string');
  return { bytes: contents.subarray(1), unusedBits };
}

/** BIT STRING that holds whole bytes: keys and signatures. */
export function wholeBytesOf(element: Element | undefined): Uint8Array {
  const { bytes, unusedBits } = bitStringOf(element);
  if (unusedBits !== 0) throw damaged('a bit string does not hold whole bytes');
  return bytes;
}

/** Milliseconds of 400 years: the calendar repeats itself then. */
const gregorianCycle = 146_097 * 86_400_000;

/**
 * UTCTime or GeneralizedTime of RFC 5280, section 4.1.2.5, and what both OpenSSL and Go read besides (X.680, sections 46
 * and 47): an offset in place of `Z`, a UTCTime without seconds, any year.
 */
export function timeOf(element: Element | undefined): Date {
  const isShort = element?.tag === tags.utcTime;
  const { contents } = expectTag(element, isShort ? tags.utcTime : tags.generalizedTime);
  const yearDigits = isShort ? 2 : 4;
  const zoneAt = contents.length - (contents.at(-1) === 0x5a ? 1 : 5);
  const hasSeconds = zoneAt === yearDigits + 10;
  if (!hasSeconds && !(isShort && zoneAt === 10)) throw malformed('a time');
  const digits = digitsOf(contents, 0, yearDigits);
  const year = isShort ? digits + (digits >= 50 ? 1900 : 2000) : digits;
  const [month = 0, day = 0, hour = 0, minute = 0] = [0, 2, 4, 6].map((at) => digitsOf(contents, yearDigits + at, 2));
  const second = hasSeconds ? digitsOf(contents, zoneAt - 2, 2) : 0;
  // Numbers only: the methods of Date take longer at their first call than all the rest of a certificate. Date.UTC takes
  // the years before 100 for those of the last century.
  const dayOf = (months: number, days: number): number => Date.UTC(year + 400, months, days);
  const isDate = month >= 1 && month <= 12 && day >= 1 && dayOf(month - 1, day) < dayOf(month, 1);
  if (!isDate || hour > 23 || minute > 59 || second > 59) throw malformed('a time');
  const seconds = hour * 3600 + (minute - offsetOf(contents, zoneAt)) * 60 + second;
  return new Date(dayOf(month - 1, day) - gregorianCycle + seconds * 1000);
}

/** Minutes ahead of UTC: `Z`, `+0100`. */
function offsetOf(contents: Uint8Array, at: number): number {
  const sign = contents[at];
  if (sign === 0x5a) return 0;
  const [hours, minutes] = [digitsOf(contents, at + 1, 2), digitsOf(contents, at + 3, 2)];
  if ((sign !== 0x2b && sign !== 0x2d) || hours > 12 || minutes > 59) throw malformed('a time');
  return (sign === 0x2d ? -1 : 1) * (hours * 60 + minutes);
}

function digitsOf(contents: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (const octet of contents.subarray(start, start + count)) {
    if (octet < 0x30 || octet > 0x39) throw malformed('a time');
    value = value * 10 + octet - 0x30;
  }
  return value;
}

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
