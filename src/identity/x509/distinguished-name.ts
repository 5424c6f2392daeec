import { encodeElement } from './der-writer.ts';
import {
  type Element,
  elementsOf,
  expectTag,
  objectIdentifierOf,
  onlyElement,
  sequenceOf,
  tags,
  toHex,
} from './der.ts';

/** Attributes with a name, in the order in which Go's pkix.Name writes them out. */
const named: Readonly<Record<string, string>> = {
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.3': 'CN',
  '2.5.4.11': 'OU',
  '2.5.4.10': 'O',
  '2.5.4.17': 'POSTALCODE',
  '2.5.4.9': 'STREET',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.6': 'C',
};

/** Go keeps one value of these, the last one. */
const single: ReadonlySet<string> = new Set(['2.5.4.3', '2.5.4.5']);

/** One attribute of a name: dotted OID and text. */
export interface AttributeText {
  readonly type: string;
  readonly value: string;
}

/**
 * A DER Name as Go's pkix.Name.String() writes it, which is what certificate selectors are compared to: RFC 2253 in
 * looks, but the attributes that Go knows come first and in a fixed order (`CN=leaf,O=Example,C=US`), several values
 * of one type are joined with `+`, and all others follow as `1.2.3=#<hex of the DER value>`, last one first.
 *
 * @throws Problem when it is no Name
 */
export function distinguishedName(name: Uint8Array): string {
  const attributes = attributesOfName(name);
  const known = Object.entries(named).flatMap(([type, label]) => {
    const values = attributes.filter((attribute) => attribute.type === type).map(({ value }) => value);
    const kept = single.has(type) ? values.slice(-1).filter((value) => value !== '') : values;
    return kept.length === 0 ? [] : [kept.map((value) => `${label}=${escapeValue(value)}`).join('+')];
  });
  const unknown = attributes
    .filter(({ type }) => named[type] === undefined)
    .map(({ type, value }) => `${type}=#${toHex(marshalString(value))}`);
  return [...known, ...unknown.reverse()].join(',');
}

/** All attributes of a DER Name, in its order. */
export function attributesOfName(name: Uint8Array): readonly AttributeText[] {
  return sequenceOf(onlyElement(name)).flatMap(attributesOf);
}

/** RelativeDistinguishedName ::= SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY } (RFC 5280, section 4.1.2.4) */
function attributesOf(relative: Element): readonly AttributeText[] {
  return elementsOf(expectTag(relative, tags.set).contents).map((attribute) => {
    const [type, value] = sequenceOf(attribute);
    return { type: objectIdentifierOf(type), value: stringOf(value) };
  });
}

const bmpString = 0x1e;
const universalString = 0x1c;

/** The text of a value, in any of ASN.1's kinds of strings. */
export function stringOf(value: Element | undefined): string {
  if (value === undefined) return '';
  const bytes = Buffer.from(value.contents);
  switch (value.tag) {
    case tags.utf8String:
      return bytes.toString('utf8');
    case bmpString:
      return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : '';
    case universalString:
      return bytes.length % 4 === 0 ? fromUtf32(bytes) : '';
    default:
      // PrintableString, IA5String, NumericString; TeletexString is Latin-1 in practice.
      return bytes.toString('latin1');
  }
}

function fromUtf32(bytes: Buffer): string {
  const points = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(index * 4));
  return points.map((point) => String.fromCodePoint(point > 0x10_ffff ? 0xfffd : point)).join('');
}

/** RFC 2253, section 2.4, as far as Go follows it. */
function escapeValue(value: string): string {
  const characters = Array.from(value);
  const last = characters.length - 1;
  const isSpecial = (character: string, index: number): boolean =>
    ',+"\\<>;'.includes(character) ||
    (character === ' ' && (index === 0 || index === last)) ||
    (character === '#' && index === 0);
  return characters.map((character, index) => (isSpecial(character, index) ? `\\${character}` : character)).join('');
}

const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** As Go's asn1.Marshal writes a string: PrintableString where it can be one, else UTF8String. */
function marshalString(value: string): Buffer {
  const tag = printable.test(value) ? tags.printableString : tags.utf8String;
  return encodeElement(tag, Buffer.from(value, 'utf8'));
}
